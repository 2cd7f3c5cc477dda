/* What comes after a page: figures that take long ([data-arz-load]), lists that are exchanged or go on. */
(function () {
    "use strict";
    async function fetched(url) {
        const answer = await window.fetch(url, { headers: { Accept: "text/html" } });
        if (!answer.ok) throw new Error(String(answer.status));
        if (answer.status === 204) return null; // nothing new yet
        const holder = document.createElement("div");
        holder.innerHTML = await answer.text();
        return holder;
    }
    async function load(box, url) {
        box.setAttribute("aria-busy", "true");
        try {
            const part = await fetched(url);
            if (part) {
                box.replaceChildren(...part.childNodes);
                if (window.ArzeshCharts) window.ArzeshCharts.drawAll(box);
            }
            // What is still being worked out is asked for again.
            const later = box.querySelector("[data-arz-again]");
            if (later) window.setTimeout(() => load(box, later.dataset.arzAgain), 2000);
        } catch (error) {
            box.querySelectorAll(".spinner-border").forEach((one) => one.remove());
            const note = document.createElement("div");
            note.className = "alert alert-warning mb-0";
            note.setAttribute("role", "alert");
            note.textContent = window.Arzesh.texts.failed;
            box.prepend(note);
        } finally {
            box.removeAttribute("aria-busy");
        }
    }
    // Charts are drawn by a script that runs once the page is read.
    window.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-arz-load]").forEach((box) => load(box, box.dataset.arzLoad)));
    document.addEventListener("click", async (event) => {
        const link = event.target.closest("[data-arz-swap], [data-arz-reload], [data-arz-next]");
        if (!link || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        if (link.hasAttribute("data-arz-reload")) { load(link.closest("[data-arz-load]"), link.href); return; }
        const list = link.closest("[data-arz-list]");
        if (link.hasAttribute("data-arz-swap")) { load(list, link.href); return; }
        const more = await fetched(link.href).catch(() => null);
        if (!more) return;
        const fresh = Array.from(more.querySelectorAll("[data-arz-rows] > tr"));
        list.querySelector("[data-arz-rows]").append(...fresh);
        const next = more.querySelector("[data-arz-next]");
        if (next) link.href = next.href; else link.closest(".card-footer").remove();
        if (fresh[0]) fresh[0].querySelector("a").focus();
    });
    // A form whose work takes a while is sent once.
    document.addEventListener("submit", (event) => {
        if (!event.target.matches("[data-arz-busy]")) return;
        const button = event.submitter;
        window.setTimeout(() => { if (button) { button.disabled = true; button.setAttribute("aria-busy", "true"); } }, 0);
    });
})();
