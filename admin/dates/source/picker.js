/* A month to choose a day from, by pointer or by keyboard, after the pattern of the ARIA practices. */
import { getLocalTimeZone, today as dayToday } from "@internationalized/date";
import { digits, inOwn, iso, latin, ofIso, readTime, said, terms } from "./text.js";

function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
}
function today() { return inOwn(dayToday(terms().zone || getLocalTimeZone())); }
function weekday(date) { const [year, month, day] = iso(date).split("-").map(Number); return new Date(Date.UTC(year, month - 1, day)).getUTCDay(); }

class Picker {
    constructor(field) {
        this.field = field;
        const t = terms().words;
        this.months = make("select", { class: "form-select form-select-sm", "aria-label": t.month });
        terms().months.forEach((name, index) => this.months.append(new Option(name, index + 1)));
        this.year = make("input", { class: "form-control form-control-sm", "aria-label": t.year, inputmode: "numeric", maxlength: "4", size: "4", autocomplete: "off" });
        this.body = make("tbody");
        this.time = make("input", { class: "form-control form-control-sm", id: "arz-calendar-time", dir: "ltr", inputmode: "numeric", maxlength: "8", size: "6", autocomplete: "off" });
        this.box = this.build(t);
        this.listen();
        // Not beside its field: menus close, and take the arrow keys, for what happens within them.
        document.body.append(this.box);
    }

    build(t) {
        const step = (words, name, months) => { const button = make("button", { type: "button", class: "btn btn-sm btn-ghost-secondary btn-icon", "aria-label": words }, make("i", { class: `fa-solid fa-chevron-${name}`, "aria-hidden": "true" })); button.addEventListener("click", () => this.go(this.at.add({ months }), false)); return button; };
        const rtl = document.documentElement.dir === "rtl";
        const head = make("div", { class: "arz-calendar-head" }, step(t.previous, rtl ? "right" : "left", -1), this.months, this.year, step(t.next, rtl ? "left" : "right", 1));
        const days = terms().weekdays;
        const row = make("tr");
        for (let at = 0; at < 7; at += 1) { const [short, long] = days[(terms().first + at) % 7]; row.append(make("th", { scope: "col", abbr: long }, short)); }
        const grid = make("table", { role: "grid", "aria-label": t.days }, make("thead", {}, row), this.body);
        const plain = (words, act, kind) => { const button = make("button", { type: "button", class: `btn btn-sm ${kind || ""}` }, words); button.addEventListener("click", act); return button; };
        const foot = make("div", { class: "arz-calendar-foot" }, plain(t.today, () => this.pick(today())), plain(t.clear, () => { this.field.set(""); this.close(); }));
        if (this.field.timed) foot.append(make("label", { for: this.time.id, class: "ms-auto" }, t.time), this.time, plain(t.done, () => this.finish(), "btn-primary"));
        return make("dialog", { class: "arz-calendar", "aria-label": this.field.name }, head, grid, foot);
    }

    listen() {
        this.months.addEventListener("change", () => this.go(this.at.set({ month: Number(this.months.value) }), false));
        this.year.addEventListener("input", () => { const year = Number(latin(this.year.value)); if (year >= 1000) this.go(this.at.set({ year }), false); });
        this.body.addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) this.pick(this.dayOf(button)); });
        this.body.addEventListener("keydown", (event) => this.move(event));
        this.box.addEventListener("keydown", (event) => {
            if (event.key === "Escape" || event.key === "Enter") event.stopPropagation();
            // Enter in the boxes of year and time must not send the form around them.
            if (event.key === "Enter" && event.target.tagName === "INPUT") { event.preventDefault(); if (event.target === this.time) this.finish(); else this.focus(); }
        });
        this.box.addEventListener("click", (event) => { event.stopPropagation(); if (event.target === this.box) this.close(); });
        this.box.addEventListener("close", () => this.box.remove());
    }

    dayOf(button) { return inOwn(ofIso(button.value)); }

    open() {
        const value = this.field.value();
        const held = ofIso(value);
        this.chosen = held && iso(held);
        this.time.value = digits((value.slice(11) || "09:00").replace(/^(\d\d:\d\d):00.*$/, "$1"));
        this.box.showModal();
        this.place();
        this.go(held ? inOwn(held) : today());
    }

    place() {
        const at = this.field.input.getBoundingClientRect();
        const { offsetWidth: width, offsetHeight: height } = this.box;
        const below = at.bottom + 4 + height <= innerHeight;
        const start = document.documentElement.dir === "rtl" ? at.right - width : at.left;
        this.box.style.top = `${Math.max(8, below ? at.bottom + 4 : Math.min(at.top - height - 4, innerHeight - height - 8))}px`;
        this.box.style.left = `${Math.min(Math.max(8, start), innerWidth - width - 8)}px`;
    }

    close() { this.box.close(); this.field.input.focus(); }
    focus() { this.body.querySelector("[tabindex='0']").focus(); }

    /* Show the month of a day, and lead the keyboard there. */
    go(date, focus = true) {
        this.at = date;
        this.draw();
        this.months.value = String(date.month);
        if (document.activeElement !== this.year) this.year.value = digits(date.year);
        if (focus) this.focus();
    }

    draw() {
        const first = this.at.set({ day: 1 });
        let day = first.subtract({ days: (weekday(first) - terms().first + 7) % 7 });
        const now = iso(today());
        const rows = [];
        for (let week = 0; week < 6; week += 1) {
            const row = make("tr");
            for (let at = 0; at < 7; at += 1, day = day.add({ days: 1 })) row.append(this.cell(day, now));
            rows.push(row);
        }
        this.body.replaceChildren(...rows);
    }

    cell(day, now) {
        const value = iso(day);
        const here = value === iso(this.at);
        const button = make("button", { type: "button", value, tabindex: here ? "0" : "-1", "aria-label": `${terms().weekdays[weekday(day)][1]} ${said(day)}` }, digits(day.day));
        if (day.month !== this.at.month) button.className = "other";
        if (value === now) button.setAttribute("aria-current", "date");
        return make("td", { role: "gridcell", "aria-selected": String(value === this.chosen) }, button);
    }

    move(event) {
        const forward = document.documentElement.dir === "rtl" ? -1 : 1;
        const inWeek = (weekday(this.at) - terms().first + 7) % 7;
        const steps = {
            ArrowRight: { days: forward }, ArrowLeft: { days: -forward }, ArrowDown: { days: 7 }, ArrowUp: { days: -7 },
            Home: { days: -inWeek }, End: { days: 6 - inWeek },
            PageUp: event.shiftKey ? { years: -1 } : { months: -1 }, PageDown: event.shiftKey ? { years: 1 } : { months: 1 },
        };
        if (!(event.key in steps)) return;
        event.preventDefault();
        this.go(this.at.add(steps[event.key]));
    }

    pick(day) {
        if (!this.field.timed) { this.field.set(iso(day)); this.close(); return; }
        this.chosen = iso(day);
        this.go(day, false);
        this.time.focus();
        this.time.select();
    }

    finish() {
        const time = readTime(this.time.value);
        this.time.classList.toggle("is-invalid", !time);
        this.time.setAttribute("aria-invalid", String(!time));
        if (!time) { this.time.focus(); return; }
        this.field.set(`${this.chosen || iso(this.at)}T${time}`);
        this.close();
    }
}

/* Let a day be picked for a field. */
export function pick(field) { new Picker(field).open(); }
