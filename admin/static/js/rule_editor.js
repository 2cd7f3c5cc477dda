/* The editor of rules: a box of text and a form that the server keeps in step, with completion, faults and a preview.
   Every [data-arz-rule] holds a textarea, which alone is sent with its form; without this file it is plain text. */
(function () {
    "use strict";
    const Rules = (window.ArzeshRules = window.ArzeshRules || {});
    const make = Rules.make;
    const TOKENS = /(#[^\n]*)|("(?:[^"\\\n]|\\.)*"?)|([A-Za-z_][\w.]*)|(\d[\d.:TZ+-]*)|(\s+)|(.)/g;
    const KEYWORDS = new Set("and or not in is empty between contains starts ends with within anniversary segment stage ever entered left of at last next this previous from to whole ago ahead now today yesterday true false minute minutes hour hours day days week weeks month months quarter quarters year years".split(" "));
    let vocabulary = null;
    let counter = 0;

    function csrf() { return (window.Cookies && window.Cookies.get("starlette_admin_csrftoken")) || ""; }
    async function ask(url, body, signal) {
        const answer = await window.fetch(url, { method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() } });
        if (answer.status === 204) return null;
        return answer.json();
    }

    class Editor {
        constructor(box) {
            this.box = box;
            this.area = box.querySelector("textarea");
            this.t = JSON.parse(box.dataset.texts);
            this.base = box.dataset.base;
            this.id = `arz-rule-${++counter}`;
            this.edits = 0;
            this.build();
            this.area.addEventListener("input", () => this.typed());
            this.area.addEventListener("scroll", () => this.paint());
            this.area.addEventListener("keydown", (event) => this.key(event));
            this.area.addEventListener("click", () => this.close());
            this.area.addEventListener("blur", () => window.setTimeout(() => this.close(), 150));
            this.paint();
            this.show(box.dataset.mode || (window.localStorage.getItem("arzesh-rule-mode") || "form"));
            this.load();
        }

        build() {
            const t = this.t;
            const tab = (mode, icon, label) => make("button", { type: "button", role: "tab", id: `${this.id}-${mode}-tab`, class: "btn btn-sm", "aria-controls": `${this.id}-${mode}`, onclick: () => this.show(mode, true) }, make("i", { class: `fa-solid ${icon} me-1`, "aria-hidden": "true" }), label);
            this.tabs = { form: tab("form", "fa-list-check", t.form), text: tab("text", "fa-code", t.text) };
            const list = make("div", { class: "btn-group arz-rule-tabs", role: "tablist", "aria-label": t.mode, onkeydown: (event) => this.arrow(event) }, this.tabs.form, this.tabs.text);
            this.layer = make("pre", { class: "arz-rule-layer", "aria-hidden": "true", dir: "ltr" });
            this.list = make("ul", { class: "arz-rule-list", role: "listbox", id: `${this.id}-list`, "aria-label": t.suggestions, hidden: true });
            const holder = make("div", { class: "arz-rule-text", role: "tabpanel", id: `${this.id}-text`, "aria-labelledby": `${this.id}-text-tab` });
            this.area.before(holder);
            const written = make("div", { class: "arz-rule-written" }, this.layer);
            written.append(this.area);
            holder.append(written, this.list, make("div", { class: "form-hint" }, t.hint));
            this.area.spellcheck = false;
            this.area.dir = "ltr";
            this.area.setAttribute("autocomplete", "off");
            this.area.setAttribute("aria-autocomplete", "list");
            this.area.setAttribute("aria-controls", this.list.id);
            this.formBox = make("div", { class: "arz-rule-form", role: "tabpanel", id: `${this.id}-form`, "aria-labelledby": `${this.id}-form-tab` });
            this.faultBox = make("div", { class: "arz-rule-faults", "aria-live": "polite" });
            this.result = make("div", { class: "arz-rule-result", "aria-live": "polite" });
            holder.before(list);
            holder.after(this.formBox, this.faultBox, this.result);
            this.panes = { form: this.formBox, text: holder };
            this.box.classList.add("arz-rule-live");
        }

        arrow(event) {
            if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
            this.show(this.mode === "form" ? "text" : "form", true);
            this.tabs[this.mode].focus();
        }

        show(mode, chosen) {
            this.mode = mode;
            Object.entries(this.panes).forEach(([name, pane]) => { pane.hidden = name !== mode; });
            Object.entries(this.tabs).forEach(([name, tab]) => {
                tab.setAttribute("aria-selected", String(name === mode));
                tab.tabIndex = name === mode ? 0 : -1;
                tab.classList.toggle("active", name === mode);
            });
            if (chosen) window.localStorage.setItem("arzesh-rule-mode", mode);
            if (mode === "text") { this.fit(); this.paint(); }
        }

        async load() {
            vocabulary = vocabulary || window.fetch(`${this.base}/vocabulary`).then((answer) => answer.json());
            this.formBox.inert = Boolean(this.area.value.trim());
            this.form = new Rules.Form(this.formBox, await vocabulary, this.t, () => this.changed());
            await this.read({ text: this.area.value });
            this.box.dataset.ready = "1";
        }

        // -- in step ------------------------------------------------------------------------------------------------

        /* Another rule to write on, as when a dialog opens. */
        take(text) {
            Object.values(this.timers || {}).forEach((timer) => window.clearTimeout(timer));
            this.area.value = text;
            this.result.replaceChildren();
            this.tell([]);
            this.paint();
            this.behind();
            this.read({ text });
        }

        /* The text is newer than the form: nothing is written on the form until it has followed. */
        behind() {
            this.edits += 1;
            this.formBox.inert = true;
        }

        typed() {
            this.behind();
            this.paint();
            this.fit();
            this.later("complete", 90, () => this.complete(false));
            this.later("read", 450, () => this.read({ text: this.area.value }));
        }

        changed() {
            this.edits += 1;
            this.later("read", 150, () => {
                const form = this.form.get();
                if (form) this.read({ form });
                else { this.area.value = ""; this.paint(); this.tell([]); this.try("", []); }
            });
        }

        later(name, wait, step) {
            this.timers = this.timers || {};
            window.clearTimeout(this.timers[name]);
            this.timers[name] = window.setTimeout(step, wait);
        }

        only(name) {
            this.asked = this.asked || {};
            if (this.asked[name]) this.asked[name].abort();
            this.asked[name] = new AbortController();
            return this.asked[name].signal;
        }

        async read(given) {
            if (!this.form) return; // what stands in the box is read once the form is there
            if ("text" in given && !given.text.trim()) {
                this.form.set(null);
                this.formBox.inert = false;
                this.tell([]);
                this.try("", []);
                return;
            }
            let found;
            const edits = this.edits;
            try { found = await ask(`${this.base}/read`, { ...given, segment: this.box.dataset.key }, this.only("read")); } catch (error) { return; }
            // Whoever went on writing meanwhile is not overwritten: a younger question is under way.
            if (!found || edits !== this.edits) return;
            this.formBox.inert = "text" in given && found.form === null;
            if ("form" in given && found.text) { this.area.value = found.text; this.paint(); }
            if ("text" in given && found.form) this.form.set(found.form);
            this.box.classList.toggle("arz-rule-unread", found.form === null);
            if (this.form.get && found.form) this.form.get();
            this.tell(found.faults);
            this.try(this.area.value, found.faults);
        }

        tell(faults) {
            this.faults = faults;
            if (this.form) this.form.mark(faults);
            this.faultBox.replaceChildren(...faults.map((fault) => {
                const place = fault.line ? make("button", { type: "button", class: "btn btn-link p-0 me-2 align-baseline", onclick: () => this.go(fault) }, this.t.place.replace("{line}", window.Arzesh.digits(fault.line)).replace("{column}", window.Arzesh.digits(fault.column))) : null;
                const mend = fault.meant ? make("button", { type: "button", class: "btn btn-sm ms-2", onclick: () => this.mend(fault) }, this.t.mend.replace("{word}", fault.meant)) : null;
                return make("div", { class: "arz-rule-said" }, make("i", { class: "fa-solid fa-circle-exclamation me-2", "aria-hidden": "true" }), place, make("span", null, fault.message), mend);
            }));
            this.area.toggleAttribute("aria-invalid", faults.length > 0);
            if (faults.length) this.area.setAttribute("aria-invalid", "true");
            this.paint();
        }

        offset(fault) {
            const lines = this.area.value.split("\n").slice(0, fault.line - 1);
            return lines.reduce((sum, line) => sum + line.length + 1, 0) + fault.column - 1;
        }

        go(fault) {
            this.show("text");
            const at = this.offset(fault);
            this.area.focus();
            this.area.setSelectionRange(at, at);
        }

        mend(fault) {
            const text = this.area.value, from = fault.line ? this.offset(fault) : 0;
            let at = text.indexOf(fault.wrong, from);
            if (at < 0) at = text.indexOf(fault.wrong);
            if (at < 0) return;
            this.area.value = text.slice(0, at) + fault.meant + text.slice(at + fault.wrong.length);
            this.typed();
            this.area.focus();
        }

        // -- the text -----------------------------------------------------------------------------------------------

        fit() {
            this.area.style.height = "auto";
            this.area.style.height = `${Math.max(this.area.scrollHeight + 2, 96)}px`;
        }

        paint() {
            const parts = [];
            const wrong = (this.faults || []).filter((fault) => fault.line).map((fault) => this.offset(fault));
            let at = 0;
            for (const [whole, comment, text, word, number] of this.area.value.matchAll(TOKENS)) {
                const kind = comment ? "comment" : text ? "string" : word ? (KEYWORDS.has(word.toLowerCase()) ? "keyword" : "name") : number ? "number" : "";
                const bad = wrong.some((place) => place >= at && place < at + whole.length) && whole.trim() ? " bad" : "";
                parts.push(kind || bad ? make("span", { class: kind + bad }, whole) : document.createTextNode(whole));
                at += whole.length;
            }
            this.layer.replaceChildren(...parts, "\n");
            this.layer.scrollTop = this.area.scrollTop;
        }

        // -- completion ---------------------------------------------------------------------------------------------

        key(event) {
            if ((event.key === " " && event.ctrlKey) || (event.key === "ArrowDown" && event.altKey)) {
                event.preventDefault();
                this.complete(true);
                return;
            }
            if (this.list.hidden) return;
            const moves = { ArrowDown: 1, ArrowUp: -1 };
            if (event.key in moves) {
                event.preventDefault();
                this.mark((this.at + moves[event.key] + this.found.length) % this.found.length);
            } else if ((event.key === "Enter" || event.key === "Tab") && this.at >= 0) {
                event.preventDefault();
                this.accept(this.found[this.at]);
            } else if (event.key === "Escape") {
                event.preventDefault();
                event.stopPropagation();
                this.close();
            }
        }

        async complete(asked) {
            const area = this.area;
            if (document.activeElement !== area || area.selectionStart !== area.selectionEnd) return;
            const before = area.value.slice(0, area.selectionStart);
            let found;
            try { found = await ask(`${this.base}/complete`, { text: area.value, cursor: Array.from(before).length }, this.only("complete")); } catch (error) { return; }
            if (!found || document.activeElement !== area) return;
            const units = (count) => Array.from(area.value).slice(0, count).join("").length;
            this.range = [units(found.start), units(found.end)];
            const partial = area.value.slice(this.range[0], area.selectionStart);
            this.found = found.suggestions.filter((one) => one.text.trim() !== partial);
            if (!this.found.length || (!asked && !partial && /\n$|^$/.test(before))) { this.close(); return; }
            this.list.replaceChildren(...this.found.map((one, place) => make("li", { role: "option", id: `${this.list.id}-${place}`, class: `arz-rule-option kind-${one.kind}`, onmousedown: (event) => { event.preventDefault(); this.accept(one); } },
                make("code", { dir: "ltr" }, one.text.trim()), make("span", { class: "label" }, one.label), make("small", null, one.detail))));
            this.list.hidden = false;
            this.position();
            this.mark(partial || asked ? 0 : -1);
        }

        position() {
            const range = document.createRange();
            let left = this.range[0];
            const walker = document.createTreeWalker(this.layer, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const node = walker.currentNode;
                if (left <= node.length) { range.setStart(node, left); range.setEnd(node, Math.min(left + 1, node.length)); break; }
                left -= node.length;
            }
            const caret = range.getBoundingClientRect(), holder = this.panes.text.getBoundingClientRect();
            const x = Math.min(Math.max(caret.left - holder.left, 0), Math.max(holder.width - this.list.offsetWidth, 0));
            this.list.style.left = `${x}px`;
            this.list.style.top = `${(caret.bottom || holder.top + 24) - holder.top + 4}px`;
        }

        mark(place) {
            this.at = place;
            Array.from(this.list.children).forEach((option, number) => {
                option.setAttribute("aria-selected", String(number === place));
                if (number === place) option.scrollIntoView({ block: "nearest" });
            });
            if (place >= 0) this.area.setAttribute("aria-activedescendant", `${this.list.id}-${place}`);
            else this.area.removeAttribute("aria-activedescendant");
        }

        accept(one) {
            const [from, to] = this.range, text = this.area.value;
            const more = /[\s(."]$/.test(one.text) && !/^".*"$/.test(one.text) ? one.text : one.text + " ";
            const kept = text.slice(Math.max(to, this.area.selectionEnd));
            this.area.value = text.slice(0, from) + more + (more.endsWith(" ") ? kept.replace(/^ /, "") : kept);
            const caret = from + more.length;
            this.area.setSelectionRange(caret, caret);
            this.close();
            this.area.focus();
            this.typed();
        }

        close() {
            this.list.hidden = true;
            this.at = -1;
            this.area.removeAttribute("aria-activedescendant");
        }

        // -- trying it ----------------------------------------------------------------------------------------------

        try(text, faults) {
            const shows = this.box.dataset.shows;
            if (!shows || shows === "NOTHING") return;
            const signal = this.only("try");
            window.clearTimeout((this.timers || {}).try);
            if (!text.trim() || faults.length) { this.result.replaceChildren(); this.result.removeAttribute("aria-busy"); return; }
            this.result.setAttribute("aria-busy", "true");
            this.later("try", 350, () => this.tryNow(text, signal, false));
        }

        async tryNow(text, signal, exact) {
            try {
                const found = await ask(`${this.base}/preview`, { text, exact }, signal);
                if (!found || signal.aborted) return;
                if (found.faults) { this.tell(found.faults); this.result.replaceChildren(); return; }
                this.showFound(found, text, signal);
                if (this.box.dataset.shows === "DIFFERENCE") await this.difference(text, signal);
            } catch (error) {
                return;
            } finally {
                if (!signal.aborted) this.result.removeAttribute("aria-busy");
            }
        }

        people(list) { return list.map((one) => make("a", { href: one.url, class: "arz-rule-person", target: "_blank" }, make("bdi", null, one.name))); }

        showFound(found, text, signal) {
            const t = this.t, count = found.count;
            const head = make("div", { class: "arz-rule-count" }, make("b", null, count ? count.shown : "–"), make("span", null, t.customers), count && count.range ? make("span", { class: "small text-muted" }, `(${count.range})`) : null,
                make("span", { class: "small text-muted ms-auto" }, `${t.cost}: ${found.cost_shown} · ${found.took}`));
            if (count && !count.exact) head.append(make("button", { type: "button", class: "btn btn-sm", onclick: () => this.tryNow(text, this.only("try"), true) }, t.exact));
            const most = Math.max(1, ...found.conditions.map((one) => one.value));
            const conditions = make("div", { class: "arz-rule-conditions" }, found.conditions.map((one) => [
                make("code", { dir: "ltr" }, one.text), make("span", { class: "bar" }, make("span", { style: `width:${(100 * one.value) / most}%` })), make("span", { class: "num" }, one.shown)]).flat());
            const sample = found.sample.length ? make("div", { class: "arz-rule-sample" }, make("span", { class: "small text-muted" }, t.example), this.people(found.sample)) : null;
            const warnings = found.warnings.map((text) => make("div", { class: "small text-warning-emphasis" }, text));
            this.result.replaceChildren(head, ...warnings, ...(found.conditions.length ? [make("div", { class: "small text-muted mt-2" }, t.each), conditions] : []), ...(sample ? [sample] : []));
            this.box.dispatchEvent(new CustomEvent("arz-tried", { bubbles: true, detail: found }));
        }

        async difference(text, signal) {
            const t = this.t, found = await ask(`${this.base}/difference`, { text, segment: this.box.dataset.segment }, signal);
            if (!found || found.faults || signal.aborted) return;
            const side = (name, icon) => make("div", { class: `arz-rule-side ${name}` }, make("b", null, make("i", { class: `fa-solid ${icon} me-2`, "aria-hidden": "true" }), found.shown[name]), make("span", { class: "small" }, t[name]), make("div", { class: "arz-rule-sample" }, this.people(found.people[name] || [])));
            const body = found.known ? [side("entering", "fa-right-to-bracket"), side("leaving", "fa-right-from-bracket"), side("staying", "fa-equals")] : [make("span", { class: "text-muted" }, t.unknown)];
            this.result.append(make("div", { class: "arz-rule-difference" }, make("div", { class: "small text-muted w-100" }, t.difference), body));
        }
    }

    Rules.Editor = Editor;
    Rules.start = (root) => Array.from((root || document).querySelectorAll("[data-arz-rule]:not([data-started])")).map((box) => { box.dataset.started = "1"; return (box.arzEditor = new Editor(box)); });
    Rules.start();
})();
