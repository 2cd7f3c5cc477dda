/* Ctrl K: one box over every noun and page, by keyboard alone. */
(function () {
    "use strict";
    const dialog = document.getElementById("arz-palette");
    if (!dialog || !dialog.showModal) return;
    const form = dialog.querySelector("form");
    const box = form.elements.text;
    const list = dialog.querySelector("#arz-found");
    let asked = 0;
    let waiting = null;

    function open() {
        if (!dialog.open) dialog.showModal();
        box.select();
        box.focus();
    }
    document.addEventListener("keydown", (event) => {
        const active = document.activeElement;
        const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName) || active.isContentEditable;
        const wanted = (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
        if (!wanted) return;
        event.preventDefault();
        open();
    });
    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-arz-find]")) { event.preventDefault(); open(); }
        if (event.target.closest("[data-arz-close]") || event.target === dialog) dialog.close();
    });

    const options = () => Array.from(list.querySelectorAll("[role=option]"));
    function choose(index) {
        const all = options();
        all.forEach((option, number) => option.setAttribute("aria-selected", String(number === index)));
        box.setAttribute("aria-expanded", String(all.length > 0));
        if (!all[index]) { box.removeAttribute("aria-activedescendant"); return; }
        box.setAttribute("aria-activedescendant", all[index].id);
        all[index].scrollIntoView({ block: "nearest" });
    }
    const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

    async function ask() {
        const number = ++asked;
        const answer = await window.fetch(form.action + "?part=1&text=" + encodeURIComponent(box.value));
        if (!answer.ok || number !== asked) return;
        list.innerHTML = await answer.text();
        list.dataset.for = box.value;
        choose(0);
    }
    box.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(ask, 150);
    });
    box.addEventListener("keydown", (event) => {
        const count = options().length;
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (!step || !count) return;
        event.preventDefault();
        choose((chosen() + step + count) % count);
    });
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (list.dataset.for !== box.value) { clearTimeout(waiting); await ask(); }
        const option = options()[chosen()];
        if (option) location.href = option.href;
    });
})();
