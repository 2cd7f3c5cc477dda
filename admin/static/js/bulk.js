/* A change of many records, some at a time: tried first, then done. */
(function () {
    "use strict";
    const form = document.querySelector("form[data-arz-bulk]");
    if (!form) return;
    const keys = JSON.parse(form.dataset.keys);
    const size = Number(form.dataset.arzBulk);
    const find = (selector) => form.querySelector(selector);
    const digits = (number) => new Intl.NumberFormat(document.documentElement.lang).format(number);
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

    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const trial = event.submitter && event.submitter.name === "dry_run";
        const buttons = form.querySelectorAll("button[type=submit]");
        buttons.forEach((button) => { button.disabled = true; });
        const bar = find("progress");
        const rows = find("[data-refused] tbody");
        find("[data-progress]").hidden = false;
        rows.replaceChildren();
        let changed = 0, refused = 0, fault = "";
        for (let at = 0; at < keys.length && !fault; at += size) {
            const data = new FormData(form);
            if (trial) data.set("dry_run", "1");
            keys.slice(at, at + size).forEach((key) => data.append("key", key));
            const answer = await window.fetch(form.action, { method: "POST", body: data });
            const told = await answer.json().catch(() => ({ error: window.Arzesh.texts.failed }));
            fault = told.error || "";
            changed += told.changed || 0;
            (told.refused || []).forEach((each) => {
                refused += 1;
                const row = rows.insertRow();
                row.insertCell().textContent = each.name || each.id;
                row.insertCell().textContent = each.reason;
            });
            bar.value = Math.min(at + size, keys.length);
        }
        find("[data-refused]").hidden = refused === 0;
        const outcome = find("[data-outcome]");
        const said = trial ? outcome.dataset.would : outcome.dataset.did;
        outcome.textContent = fault || said.replace("{changed}", digits(changed)).replace("{refused}", digits(refused));
        buttons.forEach((button) => { button.disabled = false; });
        doing.disabled = !trial || Boolean(fault) || changed === 0;
    });
})();
