/* Parts of a page that take long to work out: each is fetched after the page, once, and put into its place. */
(function () {
    "use strict";
    async function load(box) {
        const wanted = box.dataset.arzPart;
        const overtaken = () => box.dataset.arzPart !== wanted; // by a later choice, whose answer is to stand
        box.setAttribute("aria-busy", "true");
        try {
            const answer = await window.fetch(wanted, { headers: { Accept: "text/html" } });
            if (!answer.ok) throw new Error(String(answer.status));
            const part = await answer.text();
            if (overtaken()) return;
            box.innerHTML = part;
            if (window.ArzeshCharts) window.ArzeshCharts.drawAll(box);
            box.dispatchEvent(new CustomEvent("arz-part", { bubbles: true }));
        } catch (error) {
            if (overtaken()) return;
            box.textContent = window.Arzesh.texts.failed;
            box.setAttribute("role", "alert");
        } finally {
            if (!overtaken()) box.removeAttribute("aria-busy");
        }
    }
    document.querySelectorAll("[data-arz-part]").forEach((box) => load(box));

    // A part that goes on changing says so, and is asked for again.
    document.addEventListener("arz-part", (event) => again(event.target));
    function again(box) {
        if (box.querySelector("[data-arz-again]")) setTimeout(() => load(box), 1500);
    }
    document.querySelectorAll("[data-arz-part-now]").forEach((box) => { box.dataset.arzPart = box.dataset.arzPartNow; again(box); });

    // Forms whose answer is a part: it follows every change, and the address keeps the choices.
    document.querySelectorAll("form[data-arz-live]").forEach((form) => {
        const box = document.querySelector(form.dataset.arzLive);
        let waiting = 0;
        const ask = () => {
            const query = new URLSearchParams(Array.from(new FormData(form)).filter(([, value]) => value !== "" && value !== "0"));
            history.replaceState(null, "", query.size ? "?" + query : location.pathname);
            box.dataset.arzPart = form.dataset.arzAnswer + "?" + query;
            load(box);
        };
        form.addEventListener("input", (event) => {
            const twin = form.querySelector(`[data-arz-twin="${event.target.name || event.target.dataset.arzTwin}"]`);
            if (event.target.dataset.arzTwin) form.elements.namedItem(event.target.dataset.arzTwin).value = event.target.value;
            else if (twin) twin.value = event.target.value;
            clearTimeout(waiting);
            waiting = setTimeout(ask, 350);
        });
        form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); ask(); });
        form.addEventListener("reset", () => setTimeout(() => {
            form.querySelectorAll("[data-arz-twin]").forEach((twin) => { twin.value = 0; });
            ask();
        }));
    });

    // Why a figure is what it is: asked for when somebody wants to know.
    document.querySelectorAll("details[data-arz-why]").forEach((box) => box.addEventListener("toggle", () => {
        const place = box.querySelector("div");
        if (!box.open || place.dataset.arzPart) return;
        place.dataset.arzPart = box.dataset.arzWhy;
        load(place);
    }));

    // A choice in a form that shows something is followed at once.
    document.querySelectorAll("form[data-arz-follow]").forEach((form) => form.addEventListener("change", () => form.requestSubmit()));
})();
