/* The panel's own behaviour; every page works without most of it. */
(function () {
    "use strict";
    const texts = window.Arzesh.texts;
    const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));

    // Colours follow the system while nobody has chosen.
    const root = document.documentElement;
    if (root.dataset.theme === "auto") {
        const dark = matchMedia("(prefers-color-scheme: dark)");
        const follow = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
        dark.addEventListener("change", follow);
        follow();
    }

    // A number within a sentence, in the digits that the reader chose.
    window.Arzesh.digits = (text) => window.Arzesh.dates.persian_digits ? String(text).replace(/\d/g, (digit) => String.fromCharCode(0x06f0 + Number(digit))) : String(text);

    // What a list's script counts, in the same digits.
    $$("[data-sa-hook=actions-selected-counter], [data-sa-hook=select-all-banner-page], [data-sa-hook=select-all-banner-all]").forEach((counted) => {
        const tell = () => counted.childNodes.forEach((part) => {
            if (part.nodeType === Node.TEXT_NODE && part.data !== window.Arzesh.digits(part.data)) part.data = window.Arzesh.digits(part.data);
        });
        tell();
        new MutationObserver(tell).observe(counted, { childList: true });
    });

    // A row of tabs that does not fit shows the one that is open.
    const tab = document.querySelector(".arz-tabs [aria-current]");
    if (tab) tab.parentElement.scrollLeft += tab.getBoundingClientRect().left + tab.offsetWidth / 2 - tab.parentElement.getBoundingClientRect().left - tab.parentElement.clientWidth / 2;

    // A long menu opens where one is.
    const here = document.querySelector(".arz-sidebar .arz-nav-link.active");
    const menu = here && here.closest(".arz-sidebar");
    if (menu && menu.scrollHeight > menu.clientHeight) menu.scrollTop += here.getBoundingClientRect().top - menu.clientHeight / 2;

    // A session that ended while a script was asking: sign in and come back.
    const plain = window.fetch;
    window.fetch = async function (...args) {
        const response = await plain.apply(window, args);
        if (response.redirected && new URL(response.url).pathname === window.Arzesh.login) {
            location.href = window.Arzesh.login + "?next=" + encodeURIComponent(location.href);
            return new Promise(() => {});
        }
        return response;
    };

    // A session that ended while a form was open: its text waits in this tab until the form is back.
    const KEY = "arzesh-draft:" + location.pathname + location.search;
    const drafts = $$('form[method="POST"][enctype="multipart/form-data"]');
    drafts.forEach((form) => form.addEventListener("submit", () => {
        const entries = Array.from(new FormData(form)).filter(([name, value]) => typeof value === "string" && name !== "csrftoken" && !/password/i.test(name));
        sessionStorage.setItem(KEY, JSON.stringify(entries));
    }));
    const kept = sessionStorage.getItem(KEY);
    if (drafts.length && kept) {
        sessionStorage.removeItem(KEY);
        if (sessionStorage.getItem("arzesh-signed-out") === "1") restore(drafts[0], JSON.parse(kept));
    }
    if (location.pathname === window.Arzesh.login) sessionStorage.setItem("arzesh-signed-out", "1");
    else sessionStorage.removeItem("arzesh-signed-out");

    function restore(form, entries) {
        entries.forEach(([name, value]) => {
            const field = form.elements.namedItem(name);
            if (!field || field instanceof RadioNodeList || field.type === "hidden") return;
            if (field.type === "checkbox") field.checked = true;
            else field.value = value;
        });
        const note = document.createElement("div");
        note.className = "alert alert-warning arz-meanwhile";
        note.setAttribute("role", "status");
        note.textContent = texts.restored;
        form.prepend(note);
    }

    // Choosing one record of another noun by searching for it.
    if (window.StarletteAdmin && window.StarletteAdmin.registerFieldInitializer) {
        window.StarletteAdmin.registerFieldInitializer(initRelations);
    }
    function initRelations(element) {
        window.jQuery("select.arz-one", element).each(function () {
            const el = window.jQuery(this);
            el.select2({
                width: "100%",
                allowClear: !el.prop("required"),
                placeholder: el.data("placeholder"),
                dir: root.dir,
                ajax: {
                    url: el.data("url"), dataType: "json", delay: 200, cache: true,
                    data: (params) => ({ skip: ((params.page || 1) - 1) * 20, limit: 20, q: params.term }),
                    processResults: (data, params) => ({
                        results: data.items.map((item) => ({ id: item.id, text: window.jQuery(item._meta.select2.result).text() })),
                        pagination: { more: (params.page || 1) * 20 < data.total }
                    })
                }
            });
            const label = el.closest("div").parent().find("label").first().text().trim();
            el.next(".select2").find(".select2-selection").attr("aria-label", label);
            const initial = el.data("initial");
            if (!initial) return;
            plain(el.data("url") + "?pks=" + encodeURIComponent(initial)).then((answer) => answer.json()).then((data) => {
                data.items.forEach((item) => el.append(new Option(window.jQuery(item._meta.select2.selection).text(), item.id, true, true)));
                el.trigger("change");
            });
        });
    }

    // Keys offered by name while one types.
    $$("input[data-arz-keys]").forEach((input) => {
        let waiting = null;
        const offer = async () => {
            const answer = await window.fetch(input.dataset.arzKeys + "&text=" + encodeURIComponent(input.value));
            if (!answer.ok) return;
            input.list.replaceChildren(...(await answer.json()).map((each) => new Option(each.name, each.key)));
        };
        input.addEventListener("focus", offer, { once: true });
        input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(offer, 200); });
    });

    // What only people or only organisations have; nothing that is filled in hides.
    const kind = document.querySelector("form select#kind");
    const ofKind = { PERSON: ["given_name", "family_name", "birthday"], ORGANIZATION: ["organization_name"] };
    if (kind && document.getElementById("organization_name")) {
        const fit = () => Object.entries(ofKind).forEach(([value, names]) => names.forEach((name) => {
            const field = document.getElementById(name);
            if (field) field.closest(".col").hidden = kind.value !== value && !field.value && !field.hasAttribute("aria-invalid");
        }));
        kind.addEventListener("change", fit);
        fit();
    }

    // Rows of identities.
    $$("[data-arz-identities]").forEach((box) => {
        const template = box.querySelector("template");
        box.addEventListener("click", (event) => {
            if (event.target.closest("[data-arz-add]")) {
                box.querySelector("[data-arz-rows]").append(template.content.cloneNode(true));
                box.querySelector("[data-arz-rows]").lastElementChild.querySelector("select").focus();
            }
            const remove = event.target.closest("[data-arz-remove]");
            if (remove) remove.closest(".arz-identity").remove();
        });
        box.addEventListener("change", (event) => {
            if (event.target.tagName === "SELECT") event.target.closest(".arz-identity").dataset.kind = event.target.value;
        });
    });

    // Forms that answer in place: errors beside their fields, what was typed stays.
    function csrf() { return (window.Cookies && window.Cookies.get("starlette_admin_csrftoken")) || ""; }
    function post(url, data) {
        return window.fetch(url, { method: "POST", body: data, headers: { "X-CSRFToken": csrf() } });
    }
    function showErrors(form, errors) {
        $$(".arz-error", form).forEach((old) => old.remove());
        $$("[aria-invalid]", form).forEach((field) => { field.removeAttribute("aria-invalid"); field.classList.remove("is-invalid"); });
        Object.entries(errors).forEach(([name, message], index) => {
            const field = name && form.elements.namedItem(name);
            const note = document.createElement("div");
            note.className = "invalid-feedback arz-error";
            note.id = "arz-error-" + (name || "form");
            note.setAttribute("role", "alert");
            note.textContent = message;
            if (field) {
                field.classList.add("is-invalid");
                field.setAttribute("aria-invalid", "true");
                field.setAttribute("aria-describedby", note.id);
                field.after(note);
                if (index === 0) field.focus();
            } else {
                form.prepend(note);
            }
        });
    }
    $$("form[data-arz-form]").forEach((form) => form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const button = form.querySelector("[type=submit]");
        button.disabled = true;
        try {
            const answer = await post(form.action, new FormData(form));
            const data = await answer.json().catch(() => ({ errors: { "": texts.failed } }));
            if (data.redirect) location.href = data.redirect;
            else showErrors(form, data.errors || { "": data.msg || texts.failed });
        } catch (error) {
            showErrors(form, { "": texts.failed });
        } finally {
            button.disabled = false;
        }
    }));

    // A move is tried before it is made.
    $$("form[data-arz-move]").forEach((form) => {
        const outcome = form.querySelector("[data-arz-outcome]");
        let asked = 0;
        const attempt = async () => {
            const number = ++asked;
            if (!form.elements.to.value) { outcome.textContent = ""; return; }
            const data = new FormData(form);
            data.set("dry_run", "1");
            const answer = await (await post(form.action, data)).json();
            if (number !== asked) return; // something else was chosen meanwhile
            const obstacles = answer.obstacles || Object.values(answer.errors || {}).map((message) => ({ message }));
            outcome.className = obstacles.length ? "text-warning-emphasis small mt-2" : "text-success-emphasis small mt-2";
            if (!obstacles.length) { outcome.textContent = texts.ready; return; }
            const list = document.createElement("ul");
            list.className = "mb-0 ps-3";
            list.append(...obstacles.map((each) => Object.assign(document.createElement("li"), { textContent: each.message })));
            outcome.replaceChildren(list);
        };
        form.elements.to.addEventListener("change", attempt);
        form.elements.reason.addEventListener("change", attempt);
    });

    // What a timeline shows.
    $$("form[data-arz-kinds]").forEach((form) => {
        let asked = 0;
        form.addEventListener("change", async () => {
            const number = ++asked;
            const wanted = new URLSearchParams(new FormData(form));
            const answer = await window.fetch(form.dataset.arzKinds + "?" + (wanted.toString() || "kind=none"));
            const list = answer.ok ? await answer.text() : null;
            if (list !== null && number === asked) document.querySelector("[data-arz-timeline]").innerHTML = list;
        });
    });

    // Older entries of a timeline, without leaving the page.
    document.addEventListener("click", async (event) => {
        const more = event.target.closest("[data-arz-more]");
        if (!more) return;
        event.preventDefault();
        const answer = await window.fetch(more.href);
        if (!answer.ok) return;
        const holder = document.createElement("div");
        holder.innerHTML = await answer.text();
        const list = more.closest("[data-arz-timeline]").querySelector(".arz-timeline");
        holder.querySelectorAll(".arz-timeline > li").forEach((entry) => list.append(entry));
        const next = holder.querySelector("[data-arz-more]");
        if (next) more.href = next.href; else more.remove();
    });

    // What cannot be undone is asked twice.
    document.addEventListener("submit", (event) => {
        const form = event.target.closest("form[data-arz-sure]");
        if (form && !window.confirm(form.dataset.arzSure)) event.preventDefault();
    });

    // What was sent is not sent twice by an impatient hand; a page that is come back to can send again.
    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (event.defaultPrevented || form.method !== "post" || form.target) return;
        if (form.dataset.arzSent) { event.preventDefault(); return; }
        form.dataset.arzSent = "1";
        setTimeout(() => delete form.dataset.arzSent, 15000);
    });
    window.addEventListener("pageshow", () => $$("form[data-arz-sent]").forEach((form) => delete form.dataset.arzSent));

    // A page that follows something under way asks for itself again.
    $$("[data-arz-again]").forEach((note) => setTimeout(() => location.reload(), 1000 * Number(note.dataset.arzAgain)));

    // Copying a secret or an id.
    document.addEventListener("click", async (event) => {
        const button = event.target.closest("[data-arz-copy]");
        if (!button || !navigator.clipboard) return;
        await navigator.clipboard.writeText(button.dataset.arzCopy);
        button.textContent = texts.copied;
    });
})();
