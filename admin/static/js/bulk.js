/* A change of many records, some at a time: tried first, then done. */
(function () {
    "use strict";
    const form = document.querySelector("form[data-arz-bulk]");
    if (!form) return;
    const keys = JSON.parse(form.dataset.keys);
    const size = Number(form.dataset.arzBulk);
    const find = (selector) => form.querySelector(selector);
    const digits = (number) => {
        const numberingSystem = window.Arzesh.dates.persian_digits ? "arabext" : "latn";
        return new Intl.NumberFormat(document.documentElement.lang, { numberingSystem }).format(number);
    };
    const doing = find("[data-do]");

    function fit() {
        form.querySelectorAll("[data-for]").forEach((part) => {
            const wanted = part.dataset.for.split(" ").includes(form.elements.verb.value);
            part.hidden = !wanted;
            part.querySelectorAll("select, input").forEach((field) => { field.disabled = !wanted; });
        });
        doing.disabled = true;
    }
    form.addEventListener("change", fit);
    fit();

    async function ask(data) {
        const failed = { error: window.Arzesh.texts.failed };
        try {
            return await (await window.fetch(form.action, { method: "POST", body: data })).json();
        } catch (error) {
            return failed;
        }
    }

    /* What came of it; where it was broken off, what had been done until then too. */
    function tell(trial, count, fault) {
        const outcome = find("[data-outcome]");
        const filled = (text) => text.replace(/\{(\w+)\}/g, (part, name) => digits(count[name]));
        const lines = [filled(trial ? outcome.dataset.would : outcome.dataset.did)];
        if (count.unchanged) lines.push(filled(outcome.dataset.already));
        const said = fault ? (count.changed && !trial ? [fault, ...lines] : [fault]) : lines;
        outcome.textContent = said.join(" ");
        outcome.className = `mt-3 alert alert-${fault ? "danger" : count.changed ? "success" : "warning"}`;
    }

    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const trial = event.submitter && event.submitter.name === "dry_run";
        const buttons = form.querySelectorAll("button[type=submit]");
        buttons.forEach((button) => { button.disabled = true; });
        form.setAttribute("aria-busy", "true");
        const bar = find("progress");
        const rows = find("[data-refused] tbody");
        find("[data-progress]").hidden = false;
        rows.replaceChildren();
        const count = { changed: 0, unchanged: 0, refused: 0 };
        let fault = "";
        for (let at = 0; at < keys.length && !fault; at += size) {
            const data = new FormData(form);
            if (trial) data.set("dry_run", "1");
            keys.slice(at, at + size).forEach((key) => data.append("key", key));
            const told = await ask(data);
            fault = told.error || "";
            count.changed += told.changed || 0;
            count.unchanged += told.unchanged || 0;
            (told.refused || []).forEach((each) => {
                count.refused += 1;
                const row = rows.insertRow();
                row.insertCell().textContent = each.name || each.id;
                row.insertCell().textContent = each.reason;
            });
            if (!fault) bar.value = Math.min(at + size, keys.length);
        }
        find("[data-refused]").hidden = count.refused === 0;
        tell(trial, count, fault);
        buttons.forEach((button) => { button.disabled = false; });
        form.removeAttribute("aria-busy");
        doing.disabled = !trial || Boolean(fault) || count.changed === 0;
    });
})();
