/* A rule as a form: nested groups of conditions. `new ArzeshRules.Form(box, vocabulary, texts, changed)`. */
(function () {
    "use strict";
    const Rules = (window.ArzeshRules = window.ArzeshRules || {});
    const SPANS = ["MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
    const SUMMED = { sum: ["NUMBER", "MONEY"], avg: ["NUMBER", "MONEY"], min: ["NUMBER", "MONEY", "DATE", "TIME"], max: ["NUMBER", "MONEY", "DATE", "TIME"] };
    const COUNT = { key: "", type: "NUMBER", choices: [] };

    function make(tag, attributes, ...children) {
        const element = document.createElement(tag);
        Object.entries(attributes || {}).forEach(([name, value]) => {
            if (value === false || value === null || value === undefined) return;
            if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
            else element.setAttribute(name, value === true ? "" : value);
        });
        children.flat().forEach((child) => child !== null && child !== undefined && element.append(child));
        return element;
    }
    Rules.make = make;

    function select(label, pairs, chosen, extra) {
        const known = pairs.some(([value]) => value === chosen);
        const whole = known || chosen === undefined || chosen === null || chosen === "" ? pairs : [...pairs, [chosen, chosen]];
        const box = make("select", { class: "form-select form-select-sm", "aria-label": label, ...extra }, whole.map(([value, text]) => make("option", { value }, text)));
        if (chosen !== undefined && chosen !== null) box.value = chosen;
        return box;
    }

    class Form {
        constructor(box, vocabulary, texts, changed) {
            Object.assign(this, { box, v: vocabulary, t: texts, changed });
            box.addEventListener("input", () => changed());
            box.addEventListener("change", () => changed());
            this.set(null);
        }

        /* Shows a rule as the server tells it; null for none yet. */
        set(form) {
            this.root = new Group(this, "customer", form === null ? null : asGroup(form), true);
            this.box.replaceChildren(this.root.element);
        }

        /* The rule as the server reads it, without what is not filled in yet; null when nothing is. */
        get() { return this.root.get(""); }

        /* Marks the conditions that faults speak of. */
        mark(faults) {
            this.box.querySelectorAll(".arz-rule-wrong").forEach((row) => row.classList.remove("arz-rule-wrong"));
            this.box.querySelectorAll(".arz-rule-fault").forEach((note) => note.remove());
            faults.forEach((fault) => {
                const path = fault.path.join(".");
                const rows = Array.from(this.box.querySelectorAll(".arz-rule-row[data-path]"));
                const fitting = rows.filter((row) => path === row.dataset.path || path.startsWith(row.dataset.path ? row.dataset.path + "." : ""));
                const row = fitting.sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
                if (!row) return;
                row.classList.add("arz-rule-wrong");
                row.append(make("div", { class: "invalid-feedback arz-rule-fault", role: "alert" }, fault.message));
            });
        }

        label(path, noun) {
            let here = this.v.nouns[noun];
            const labels = [];
            path.forEach((word) => {
                const relation = here && here.relations.find((one) => one.key === word);
                const field = here && here.fields.find((one) => one.key === word);
                labels.push((relation || field || { label: word }).label);
                here = relation ? this.v.nouns[relation.target] : null;
            });
            return labels.join(" › ");
        }

        field(path, noun) {
            let here = this.v.nouns[noun];
            path.slice(0, -1).forEach((word) => {
                const relation = here && here.relations.find((one) => one.key === word);
                here = relation && this.v.nouns[relation.target];
            });
            return (here && here.fields.find((one) => one.key === path[path.length - 1])) || null;
        }

        target(path, noun) {
            let key = noun;
            path.forEach((word) => {
                const relation = this.v.nouns[key] && this.v.nouns[key].relations.find((one) => one.key === word);
                key = relation ? relation.target : key;
            });
            return key;
        }
    }

    function asGroup(form) {
        if (form.kind === "group") return form;
        return { kind: "group", word: "AND", items: [form] };
    }

    /* Conditions that hold together or one by one. */
    class Group {
        constructor(form, noun, data, outermost) {
            Object.assign(this, { form, noun, items: [] });
            const t = form.t;
            this.word = select(t.match, [["AND", t.all], ["OR", t.any]], data ? data.word : "AND", { class: "form-select form-select-sm arz-rule-word" });
            this.list = make("div", { class: "arz-rule-items" });
            const add = make("div", { class: "arz-rule-add" },
                make("button", { type: "button", class: "btn btn-sm", onclick: () => this.add({ kind: "new" }, true) }, make("i", { class: "fa-solid fa-plus me-1", "aria-hidden": "true" }), t.add),
                make("button", { type: "button", class: "btn btn-sm btn-ghost-secondary", onclick: () => this.add({ kind: "group", word: "OR", items: [] }, true) }, make("i", { class: "fa-solid fa-layer-group me-1", "aria-hidden": "true" }), t.addGroup));
            this.element = make("div", { class: "arz-rule-group", role: "group", "aria-label": t.group }, make("div", { class: "arz-rule-head" }, make("span", { class: "text-muted small" }, t.match), this.word), this.list, add);
            (data ? data.items : []).forEach((item) => this.add(item));
            if (outermost && !this.items.length) this.add({ kind: "new" });
        }

        add(data, focus) {
            const item = new Item(this, data);
            this.items.push(item);
            this.list.append(item.element);
            if (focus) item.element.querySelector("select, input").focus();
        }

        remove(item) {
            const place = this.items.indexOf(item);
            this.items.splice(place, 1);
            item.element.remove();
            const next = this.items[Math.min(place, this.items.length - 1)];
            (next ? next.element.querySelector("select") : this.element.querySelector(".arz-rule-add button")).focus();
            this.form.changed();
        }

        get(path) {
            const filled = this.items.filter((item) => item.filled());
            if (!filled.length) return null;
            const prefix = path ? path + "." : "";
            if (filled.length === 1) return filled[0].get(path);
            return { kind: "group", word: this.word.value, items: filled.map((item, place) => item.get(`${prefix}${this.word.value}.${place}`)) };
        }
    }

    /* One line of a group: a condition, or a group inside, perhaps turned round. */
    class Item {
        constructor(group, data) {
            this.group = group;
            const t = group.form.t;
            let inner = data, negated = false;
            while (inner.kind === "not") { negated = !negated; inner = inner.item; }
            this.not = make("input", { type: "checkbox", class: "form-check-input", checked: negated });
            const turn = make("label", { class: "arz-rule-not", title: t.notHint }, this.not, make("span", null, t.not));
            const remove = make("button", { type: "button", class: "btn btn-sm btn-icon btn-ghost-secondary arz-rule-remove", "aria-label": t.remove, title: t.remove, onclick: () => group.remove(this) }, make("i", { class: "fa-solid fa-xmark", "aria-hidden": "true" }));
            this.part = inner.kind === "group" ? new Group(group.form, group.noun, inner) : new Condition(group.form, group.noun, inner);
            this.element = make("div", { class: "arz-rule-item" }, turn, this.part.element, remove);
        }

        filled() { return this.part.get("") !== null; }

        get(path) {
            const found = this.part.get(this.not.checked ? (path ? path + ".NOT" : "NOT") : path);
            return this.not.checked && found ? { kind: "not", item: found } : found;
        }
    }

    /* A single condition: what is asked, how it is compared, with what. */
    class Condition {
        constructor(form, noun, data) {
            Object.assign(this, { form, noun, comments: data.comments || [] });
            this.rest = make("div", { class: "arz-rule-rest" });
            this.what = this.chooser(data);
            this.what.addEventListener("change", () => this.chosen(null));
            const notes = this.comments.map((line) => make("div", { class: "arz-rule-comment" }, "# " + line));
            this.line = make("div", { class: "arz-rule-line" }, this.what, this.rest);
            this.below = make("div", { class: "arz-rule-below" });
            this.element = make("div", { class: "arz-rule-row" }, notes, this.line, this.below);
            this.chosen(data.kind === "new" ? null : data);
        }

        chooser(data) {
            const { v, t } = this.form, noun = v.nouns[this.noun];
            const box = make("select", { class: "form-select form-select-sm arz-rule-what", "aria-label": t.what }, make("option", { value: "" }, t.choose));
            const group = (label, options) => options.length && box.append(make("optgroup", { label }, options.map(([value, text]) => make("option", { value }, text))));
            const sorted = (fields, path) => fields.map((one) => [`c:${path}${one.key}`, one.label]).sort((a, b) => a[1].localeCompare(b[1]));
            group(noun.label, sorted(noun.fields, ""));
            group(t.related, noun.relations.filter((one) => one.many).map((one) => [`r:${one.key}`, one.label]));
            if (this.noun === "customer") group(t.membership, [["s:", t.segment], ["t:", t.everStage]]);
            noun.relations.filter((one) => !one.many && v.nouns[one.target]).forEach((one) => group(one.label, sorted(v.nouns[one.target].fields, one.key + ".")));
            const wanted = this.code(data);
            if (wanted && !Array.from(box.options).some((option) => option.value === wanted)) {
                const path = wanted.slice(2).split(".").filter(Boolean);
                box.append(make("option", { value: wanted }, (wanted[0] === "s" ? t.segment + " › " : "") + this.form.label(path, this.noun)));
            }
            box.value = wanted;
            return box;
        }

        code(data) {
            const path = (data.path || []).join(".");
            const letter = { compare: "c:", figure: "r:", rows: "r:", segment: "s:", stage: "t:" }[data.kind];
            return letter ? letter + path : "";
        }

        chosen(data) {
            const code = this.what.value;
            this.path = code.slice(2).split(".").filter(Boolean);
            this.rest.replaceChildren();
            this.below.replaceChildren();
            this.reader = null;
            if (!code) return;
            ({ c: this.compare, r: this.related, s: this.segment, t: this.stage })[code[0]].call(this, data);
            if (!data) this.form.changed();
        }

        /* field operator value */
        compare(data) {
            const field = this.form.field(this.path, this.noun) || { key: this.path[this.path.length - 1], type: "TEXT", choices: [] };
            const compared = new Comparison(this.form, field, data);
            this.rest.append(compared.element);
            const of = data ? data.of : null;
            this.reader = () => compared.get({ kind: "compare", path: this.path, of });
        }

        /* rows of another noun: a quantifier, or a figure that is compared */
        related(data) {
            const { v, t } = this.form, w = v.words, target = this.form.target(this.path, this.noun);
            const verbs = ["some", "none", "every", "count", "sum", "avg", "min", "max", ...(v.nouns[target] && v.nouns[target].dated ? ["first", "last"] : [])];
            const verb = select(t.how, verbs.map((one) => [one, w[one + "One"] || w[one]]), data ? data.quantifier || data.function : "some");
            const figure = make("span", { class: "arz-rule-rest" });
            const window_ = new Window_(this.form, data ? data.window : null, true);
            const inner = new Group(this.form, target, data && data.inner ? asGroup(data.inner) : null);
            inner.element.classList.add("arz-rule-inner");
            const dated = v.nouns[target] && v.nouns[target].dated;
            this.rest.append(verb, figure, ...(dated ? [window_.element] : []));
            this.below.append(make("div", { class: "small text-muted" }, t.whose), inner.element);
            let summed = null, compared = null;
            const compare = (given) => {
                const field = verb.value === "count" ? COUNT : (v.nouns[target].fields.find((one) => one.key === summed.value) || COUNT);
                compared = new Comparison(this.form, field, given);
                figure.replaceChildren(...(summed ? [summed] : []), compared.element);
            };
            const turned = (given) => {
                figure.replaceChildren();
                summed = compared = null;
                if (["some", "none", "every"].includes(verb.value)) return;
                if (verb.value !== "count") {
                    const types = SUMMED[verb.value];
                    const fields = v.nouns[target].fields.filter((one) => !types || types.includes(one.type));
                    summed = select(t.of, fields.map((one) => [one.key, one.label]), given ? given.field : undefined);
                    summed.addEventListener("change", () => compare(null));
                }
                compare(given);
            };
            verb.addEventListener("change", () => turned(null));
            turned(data);
            this.reader = (path) => {
                const here = [path, ...this.path].filter(Boolean).join(".");
                const shared = { path: this.path, window: dated ? window_.get() : null };
                if (!compared) return { kind: "rows", quantifier: verb.value, inner: inner.get(`${here}.${verb.value}`), ...shared };
                return compared.get({ kind: "figure", function: verb.value, field: summed ? summed.value : null, inner: inner.get(`${here}.${verb.value}.where`), ...shared });
            };
        }

        segment(data) {
            const { v, t } = this.form, w = v.words;
            const presence = select(t.how, ["now", "ever", "entered", "left", "at"].map((one) => [one, w[one]]), data ? data.presence : "now");
            const key = select(t.segment, [["", t.choose], ...v.lists.segments], data ? data.key : "");
            const more = make("span", { class: "arz-rule-rest" });
            let window_ = null, at = null;
            const turned = (given) => {
                window_ = at = null;
                if (presence.value === "at") at = new Day(this.form, given && given.at ? given.at : undefined);
                if (["entered", "left"].includes(presence.value)) window_ = new Window_(this.form, given ? given.window : null);
                more.replaceChildren(...(at ? [at.element] : []), ...(window_ ? [window_.element] : []));
            };
            presence.addEventListener("change", () => turned(null));
            turned(data);
            this.rest.append(key, presence, more);
            this.reader = () => {
                const then = at ? at.get() : null;
                if (!key.value || (at && then === null)) return null;
                const window = window_ ? window_.get() : null;
                if (window_ && !window) return null;
                return { kind: "segment", path: this.path, key: key.value, presence: presence.value, at: then, window };
            };
        }

        stage(data) {
            const { v, t } = this.form;
            const key = select(t.stage, [["", t.choose], ...v.lists.stages], data ? data.key : "");
            const of = select(t.lifecycle, [["", t.defaultLifecycle], ...v.lists.lifecycles], data ? data.of || "" : "");
            this.rest.append(key, ...(v.lists.lifecycles.length > 1 ? [of] : []));
            this.reader = () => (key.value ? { kind: "stage", path: this.path, key: key.value, of: of.value || null } : null);
        }

        get(path) {
            const found = this.reader ? this.reader(path) : null;
            this.element.dataset.path = path;
            return found && this.comments.length ? { ...found, comments: this.comments } : found;
        }
    }

    /* An operator that fits the field, and its value. */
    class Comparison {
        constructor(form, field, data) {
            Object.assign(this, { form, field });
            const usual = { NUMBER: "gte", MONEY: "gte", DURATION: "gte", DATE: "within", TIME: "within" }[field.type] || "eq";
            const fitting = form.v.fitting[field.type].filter((one) => field !== COUNT || one !== "isEmpty");
            this.operator = select(form.t.operator, fitting.map((one) => [one, form.v.operators[one]]), data ? data.operator : usual);
            this.holder = make("span", { class: "arz-rule-rest" });
            this.operator.addEventListener("change", () => this.turned(undefined));
            this.element = make("span", { class: "arz-rule-rest" }, this.operator, this.holder);
            this.turned(data ? data.value : undefined);
        }

        turned(value) {
            const operator = this.operator.value, { form, field } = this;
            if (operator === "isEmpty") this.value = new Yes(form, value);
            else if (["within", "anniversary"].includes(operator)) this.value = new Window_(form, value);
            else if (["in", "notIn"].includes(operator)) this.value = new Several(form, field, value);
            else if (operator === "between") this.value = new Two(form, field, value);
            else this.value = scalar(form, field, value);
            this.holder.replaceChildren(this.value.element);
        }

        get(shared) {
            const value = this.value.get();
            return value === null || value === undefined ? null : { ...shared, operator: this.operator.value, value };
        }
    }

    function scalar(form, field, value) {
        const list = field.choices && field.choices.length ? field.choices : field.list ? form.v.lists[field.list] : null;
        if (list && list.length) return new One(form, list, value);
        return new ({ BOOLEAN: Yes, NUMBER: Figure, MONEY: Amount, DATE: Day, TIME: Day, DURATION: Span }[field.type] || Words)(form, value, field);
    }

    class One {
        constructor(form, list, value) { this.element = select(form.t.value, [["", form.t.choose], ...list], value); if (value === undefined) this.element.value = ""; }
        get() { return this.element.value || null; }
    }
    class Yes {
        constructor(form, value) { this.element = select(form.t.value, [["true", form.t.yes], ["false", form.t.no]], String(value !== false)); }
        get() { return this.element.value === "true"; }
    }
    class Words {
        constructor(form, value) { this.element = make("input", { type: "text", class: "form-control form-control-sm", "aria-label": form.t.value, dir: "auto", maxlength: 1000, value: value === undefined ? "" : String(value) }); }
        get() { return this.element.value || null; }
    }
    const plain = (value) => (value && typeof value === "object" ? value.number || value.amount : value);
    function latin(text) { return text.replace(/[۰-۹]/g, (digit) => "۰۱۲۳۴۵۶۷۸۹".indexOf(digit)).replace(/٫/g, ".").replace(/[٬,\s]/g, ""); }
    function numeric(text) {
        const clean = latin(text);
        if (!/^-?\d+(\.\d+)?$/.test(clean)) return null;
        return String(Number(clean)) === clean ? Number(clean) : { number: clean };
    }
    class Figure {
        constructor(form, value) { this.element = make("input", { type: "text", inputmode: "decimal", class: "form-control form-control-sm arz-rule-number", "aria-label": form.t.value, value: value === undefined ? "" : plain(value) }); }
        get() { return numeric(this.element.value); }
    }
    class Amount {
        constructor(form, value, field) {
            const foreign = field.foreign || (value && value.currency);
            this.number = new Figure(form, value);
            this.code = foreign ? select(form.t.currency, form.v.lists.currencies.map(([code]) => [code, code]), (value && value.currency) || form.v.currency) : null;
            this.element = make("span", { class: "arz-rule-rest" }, this.number.element, this.code || make("span", { class: "small text-muted" }, form.v.currency));
        }
        get() {
            const clean = latin(this.number.element.value);
            if (numeric(clean) === null) return null;
            return this.code ? { amount: clean, currency: this.code.value } : numeric(clean);
        }
    }
    class Span {
        constructor(form, value) {
            this.count = make("input", { type: "number", min: 0, class: "form-control form-control-sm arz-rule-number", "aria-label": form.t.value, value: value ? value.span : "30" });
            this.unit = select(form.t.unit, SPANS.map((one) => [one, form.v.words[one]]), value ? value.unit : "DAY");
            this.element = make("span", { class: "arz-rule-rest" }, this.count, this.unit);
        }
        get() { return this.count.value === "" ? null : { span: Number(this.count.value), unit: this.unit.value }; }
    }
    class Day {
        constructor(form, value) {
            const w = form.v.words, relative = value && typeof value === "object";
            this.kept = relative ? value : {};
            this.way = select(form.t.how, [["day", w.day], ["ago", w.ago], ["ahead", w.ahead]], relative ? ("ahead" in value ? "ahead" : "ago") : "day");
            this.day = make("input", { type: typeof value === "string" && value.length > 10 ? "text" : "date", class: "form-control form-control-sm", "aria-label": form.t.value, value: typeof value === "string" ? value : "" });
            this.count = make("input", { type: "number", min: 0, class: "form-control form-control-sm arz-rule-number", "aria-label": form.t.value, value: relative ? value.ago ?? value.ahead : "30" });
            this.unit = select(form.t.unit, SPANS.map((one) => [one, w[one]]), relative ? value.unit : "DAY");
            this.element = make("span", { class: "arz-rule-rest" });
            const show = () => this.element.replaceChildren(...(this.way.value === "day" ? [this.way, this.day] : [this.count, this.unit, this.way]));
            this.way.addEventListener("change", () => { show(); this.way.focus(); });
            show();
        }
        get() {
            if (this.way.value === "day") return this.day.value || null;
            if (this.count.value === "") return null;
            const { whole, zone } = this.kept;
            return { [this.way.value]: Number(this.count.value), unit: this.unit.value, ...(whole && { whole }), ...(zone && { zone }) };
        }
    }
    class Two {
        constructor(form, field, value) {
            this.sides = [0, 1].map((side) => scalar(form, field, value ? value[side] : undefined));
            this.element = make("span", { class: "arz-rule-rest" }, this.sides[0].element, make("span", { class: "small text-muted" }, form.t.and), this.sides[1].element);
        }
        get() {
            const found = this.sides.map((side) => side.get());
            return found.includes(null) ? null : found;
        }
    }
    class Several {
        constructor(form, field, value) {
            this.numeric = field.type === "NUMBER";
            const list = field.choices && field.choices.length ? field.choices : field.list ? form.v.lists[field.list] : null;
            const chosen = new Set((value || []).map((one) => String(plain(one))));
            if (!list || !list.length) {
                this.words = make("input", { type: "text", class: "form-control form-control-sm", dir: "auto", "aria-label": form.t.values, placeholder: form.t.values, value: Array.from(chosen).join(", ") });
                this.element = this.words;
                return;
            }
            const known = new Set(list.map(([key]) => key));
            const whole = [...list, ...Array.from(chosen).filter((key) => !known.has(key)).map((key) => [key, key])];
            const shown = make("span", null);
            this.boxes = whole.map(([key, text]) => ({ text, box: make("input", { type: "checkbox", class: "form-check-input", value: key, checked: chosen.has(key) }) }));
            const tell = () => { shown.textContent = this.boxes.filter((one) => one.box.checked).map((one) => one.text).join(form.t.comma) || form.t.choose; };
            const panel = make("div", { class: "arz-rule-many-list" }, this.boxes.map((one) => make("label", { class: "form-check" }, one.box, make("span", { class: "form-check-label" }, one.text))));
            panel.addEventListener("change", tell);
            this.element = make("details", { class: "arz-rule-many" }, make("summary", { class: "form-select form-select-sm" }, shown), panel);
            this.element.addEventListener("keydown", (event) => { if (event.key === "Escape") { this.element.open = false; this.element.firstChild.focus(); } });
            tell();
        }
        get() {
            const found = this.words ? this.words.value.split(/[,،，]/).map((one) => one.trim()).filter(Boolean) : this.boxes.filter((one) => one.box.checked).map((one) => one.box.value);
            const read = this.numeric && this.words ? found.map(numeric) : found;
            return read.length && !read.includes(null) ? read : null;
        }
    }
    class Window_ {
        constructor(form, value, open) {
            const w = form.v.words, kinds = ["last", "next", "this", "previous", "from"];
            const kind = value ? kinds.find((one) => one in value) || ("to" in value ? "from" : "last") : open ? "" : "last";
            this.kept = value || {};
            this.open = open;
            this.kind = select(form.t.window, [...(open ? [["", w.anytime]] : []), ...kinds.map((one) => [one, w[one]])], kind);
            this.count = make("input", { type: "number", min: 1, class: "form-control form-control-sm arz-rule-number", "aria-label": form.t.value, value: (value && (value.last || value.next)) || 30 });
            this.unit = select(form.t.unit, SPANS.map((one) => [one, w[one]]), (value && (value.this || value.previous || value.unit)) || "DAY");
            this.sides = ["from", "to"].map((side) => make("input", { type: value && (value[side] || "").length > 10 ? "text" : "date", class: "form-control form-control-sm", "aria-label": form.t[side], value: (value && value[side]) || "" }));
            this.element = make("span", { class: "arz-rule-rest" });
            const show = () => {
                const parts = { last: [this.count, this.unit], next: [this.count, this.unit], this: [this.unit], previous: [this.unit], from: this.sides }[this.kind.value] || [];
                this.element.replaceChildren(this.kind, ...parts);
            };
            this.kind.addEventListener("change", () => { show(); this.kind.focus(); });
            show();
        }
        get() {
            const kind = this.kind.value, { whole, zone } = this.kept, marks = zone ? { zone } : {};
            if (!kind) return null;
            if (kind === "this" || kind === "previous") return { [kind]: this.unit.value, ...marks };
            if (kind === "from") {
                const [from, to] = this.sides.map((side) => side.value);
                return from || to ? { ...(from && { from }), ...(to && { to }), ...marks } : null;
            }
            return this.count.value ? { [kind]: Number(this.count.value), unit: this.unit.value, ...(whole && { whole }), ...marks } : null;
        }
    }

    Rules.Form = Form;
})();
