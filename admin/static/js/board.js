/* The board: a customer is dragged to a column, or sent there from its menu; every move is tried before it is made. */
(function () {
    "use strict";
    const board = document.querySelector("[data-arz-board]");
    if (!board) return;
    const t = JSON.parse(board.dataset.texts), ways = JSON.parse(board.dataset.ways);
    const note = document.querySelector("[data-arz-note]"), dialog = document.getElementById("move-dialog");
    let dragged = null, menu = null;

    function make(tag, attributes, ...children) {
        const element = document.createElement(tag);
        Object.entries(attributes || {}).forEach(([name, value]) => { if (name.startsWith("on")) element.addEventListener(name.slice(2), value); else element.setAttribute(name, value); });
        element.append(...children);
        return element;
    }
    const say = (template, values) => Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), template);
    const column = (stage) => board.querySelector(`.arz-column[data-stage="${CSS.escape(stage)}"]`);
    function tell(text, kind) { note.replaceChildren(make("div", { class: `alert alert-${kind} mb-0` }, text)); }

    async function ask(card, to, more) {
        const data = new FormData();
        Object.entries({ lifecycle: board.dataset.lifecycle, customer: card.dataset.customer, from: card.dataset.stage, to, ...more }).forEach(([name, value]) => data.set(name, value));
        const csrf = (window.Cookies && window.Cookies.get("starlette_admin_csrftoken")) || "";
        const answer = await window.fetch(board.dataset.move, { method: "POST", body: data, headers: { "X-CSRFToken": csrf } });
        return answer.json();
    }

    async function move(card, to) {
        if (to === card.dataset.stage) return;
        const target = column(to).dataset.name, name = card.dataset.name;
        card.classList.add("moving");
        try {
            const trial = await ask(card, to, { dry_run: "1" });
            if (settled(card, trial)) return;
            const others = (trial.obstacles || []).filter((one) => one.code !== "REASON_MISSING");
            if (others.length) { blocked(others, card); return; }
            let reason = "";
            if (!trial.ready) {
                reason = await why(say(t.reason, { name, stage: target }), card);
                if (!reason) return;
            }
            const made = await ask(card, to, { reason });
            if (settled(card, made)) return;
            if (!made.moved) { blocked(made.obstacles && made.obstacles.length ? made.obstacles : [{ message: made.message }], card); return; }
            put(card, to);
            tell(say(t.moved, { name, stage: target }), "success");
        } catch (error) {
            tell(t.failed, "danger");
        } finally {
            card.classList.remove("moving");
        }
    }

    // Somebody else was quicker, or the move cannot even be tried.
    function settled(card, answer) {
        if (answer.conflict) {
            if (answer.stage && column(answer.stage)) put(card, answer.stage);
            tell(answer.conflict, "warning");
            return true;
        }
        if (answer.message && !answer.obstacles) { tell(answer.message, "danger"); return true; }
        return false;
    }

    function put(card, to) {
        const from = column(card.dataset.stage), target = column(to);
        target.querySelector(".arz-cards").prepend(card);
        card.dataset.stage = to;
        card.classList.remove("late", "fresh");
        void card.offsetWidth;
        card.classList.add("fresh");
        [[from, -1], [target, 1]].forEach(([one, by]) => {
            const count = one.querySelector("[data-arz-count]"), old = Number(count.dataset.arzCount);
            if (old > 1000) return;
            count.dataset.arzCount = String(old + by);
            count.textContent = new Intl.NumberFormat(/[۰-۹]/.test(count.textContent) ? "fa" : "en").format(old + by);
        });
        card.scrollIntoView({ block: "nearest", inline: "nearest" });
        const button = card.querySelector("[data-arz-moves]");
        if (button) button.focus({ preventScroll: true });
    }

    function show(title, body, buttons, card) {
        dialog.querySelector("#move-title").textContent = title;
        dialog.querySelector("[data-arz-body]").replaceChildren(...body);
        dialog.querySelector("[data-arz-foot]").replaceChildren(...buttons);
        dialog.showModal();
        dialog.addEventListener("close", () => { const button = card.querySelector("[data-arz-moves]"); if (button) button.focus(); }, { once: true });
    }

    function blocked(obstacles, card) {
        const list = make("ul", { class: "arz-obstacles" }, ...obstacles.map((one) => {
            const item = make("li", {}, one.message);
            if (one.expected || one.actual) item.append(make("dl", {}, make("dt", {}, t.expected), make("dd", { dir: "auto" }, one.expected || t.missing), make("dt", {}, t.actual), make("dd", { dir: "auto" }, one.actual || t.missing)));
            return item;
        }));
        show(`${card.dataset.name}: ${t.blocked}`, [list], [make("button", { class: "btn btn-primary", type: "submit" }, t.close)], card);
    }

    function why(question, card) {
        return new Promise((resolve) => {
            let said = "";
            const field = make("input", { class: "form-control", id: "move-reason", maxlength: "300", autofocus: "" });
            const fault = make("div", { class: "invalid-feedback", role: "alert", id: "move-reason-error" });
            const go = make("button", { class: "btn btn-primary", type: "submit", onclick: (event) => {
                said = field.value.trim();
                if (said) return;
                event.preventDefault();
                fault.textContent = t.needed;
                field.classList.add("is-invalid");
                field.setAttribute("aria-invalid", "true");
                field.setAttribute("aria-describedby", fault.id);
                field.focus();
            } }, t.move);
            show(question, [make("label", { class: "form-label", for: "move-reason" }, t.label), field, fault], [make("button", { class: "btn", type: "button", onclick: () => { said = ""; dialog.close(); } }, t.cancel), go], card);
            dialog.addEventListener("close", () => resolve(said), { once: true });
            dialog.addEventListener("cancel", () => { said = ""; }, { once: true });
        });
    }

    // -- with the mouse ---------------------------------------------------------------------------------------------

    board.addEventListener("dragstart", (event) => {
        dragged = event.target.closest && event.target.closest(".arz-card");
        if (!dragged) return;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", dragged.dataset.name);
        dragged.classList.add("dragged");
        board.classList.add("dragging");
        (ways[dragged.dataset.stage] || []).forEach((way) => column(way.to).classList.add("open"));
        column(dragged.dataset.stage).classList.add("open");
    });
    board.addEventListener("dragover", (event) => {
        const over = dragged && event.target.closest(".arz-column");
        if (!over) return;
        event.preventDefault();
        board.querySelectorAll(".over").forEach((one) => one !== over && one.classList.remove("over"));
        over.classList.add("over");
    });
    board.addEventListener("drop", (event) => {
        const over = dragged && event.target.closest(".arz-column");
        if (!over) return;
        event.preventDefault();
        move(dragged, over.dataset.stage);
    });
    board.addEventListener("dragend", () => {
        board.querySelectorAll(".over, .open, .dragged").forEach((one) => one.classList.remove("over", "open", "dragged"));
        board.classList.remove("dragging");
        dragged = null;
    });

    // -- with the keyboard ------------------------------------------------------------------------------------------

    function closeMenu(back) {
        if (!menu) return;
        const from = menu.from;
        menu.remove();
        menu = null;
        from.setAttribute("aria-expanded", "false");
        if (back) from.focus();
    }
    function openMenu(button) {
        closeMenu();
        const card = button.closest(".arz-card"), open = ways[card.dataset.stage] || [];
        const items = open.map((way) => make("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => { closeMenu(); move(card, way.to); } }, `${t.to}: ${way.name}`));
        menu = make("div", { class: "arz-menu", role: open.length ? "menu" : "note", "aria-label": card.dataset.name }, ...(items.length ? items : [make("p", {}, t.none)]));
        menu.from = button;
        document.body.append(menu);
        const place = button.getBoundingClientRect();
        menu.style.left = `${Math.max(8, Math.min(place.left, window.innerWidth - menu.offsetWidth - 8))}px`;
        menu.style.top = `${Math.max(8, Math.min(place.bottom + 4, window.innerHeight - menu.offsetHeight - 8))}px`;
        button.setAttribute("aria-expanded", "true");
        menu.addEventListener("keydown", (event) => {
            const at = items.indexOf(document.activeElement);
            const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
            if (to !== undefined && items.length) { event.preventDefault(); items[to].focus(); }
            if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); closeMenu(true); }
        });
        if (items[0]) items[0].focus();
    }
    document.addEventListener("click", async (event) => {
        const button = event.target.closest("[data-arz-moves]");
        if (button) { if (menu && menu.from === button) closeMenu(true); else openMenu(button); return; }
        if (menu && !menu.contains(event.target)) closeMenu();
        const more = event.target.closest("[data-arz-cards]");
        if (!more) return;
        event.preventDefault();
        const answer = await window.fetch(more.href);
        if (!answer.ok) return;
        const holder = document.createElement("ul");
        holder.innerHTML = await answer.text();
        const list = more.closest(".arz-cards"), shown = new Set(Array.from(board.querySelectorAll(".arz-card"), (card) => card.dataset.customer));
        more.closest("li").remove();
        Array.from(holder.children).forEach((card) => { if (!card.dataset.customer || !shown.has(card.dataset.customer)) list.append(card); });
    });
})();
