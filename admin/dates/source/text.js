/* Days as the reader writes them: in the calendar, the digits and the words that the page names. */
import { CalendarDate, GregorianCalendar, PersianCalendar, toCalendar } from "@internationalized/date";

export const GREGORIAN = new GregorianCalendar();
export const PERSIAN = new PersianCalendar();
/* Years before this one are those of the solar Hijri calendar: nobody here was born earlier. */
const FIRST_GREGORIAN = 1700;

export function terms() { return window.Arzesh.dates; }
export function ownCalendar() { return terms().calendar === "persian" ? PERSIAN : GREGORIAN; }

export function latin(text) {
    return text.replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x06f0).replace(/[٠-٩]/g, (digit) => digit.charCodeAt(0) - 0x0660);
}
export function digits(text) {
    return terms().persian_digits ? String(text).replace(/\d/g, (digit) => String.fromCharCode(0x06f0 + Number(digit))) : String(text);
}
export function padded(number, length) { return String(number).padStart(length || 2, "0"); }

/* A day of the wanted calendar; null where there is none such, as 30 February. */
function dayOf(calendar, year, month, day) {
    if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return null;
    const found = new CalendarDate(calendar, year, month, day);
    return found.year === year && found.month === month && found.day === day ? found : null;
}

export function inOwn(date) { return toCalendar(date, ownCalendar()); }
export function iso(date) {
    const found = toCalendar(date, GREGORIAN);
    return `${padded(found.year, 4)}-${padded(found.month)}-${padded(found.day)}`;
}
export function ofIso(text) {
    const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(text || "");
    return found ? dayOf(GREGORIAN, Number(found[1]), Number(found[2]), Number(found[3])) : null;
}

/* The day in words as in lists: the pattern is that of the reader's language. */
export function said(date) {
    const own = inOwn(date);
    const parts = { MMMM: terms().months[own.month - 1], MMM: terms().months[own.month - 1], y: own.year, M: own.month, d: own.day };
    return digits(terms().pattern.replace(/MMMM|MMM|M|y|d/g, (part) => parts[part]));
}

function numbered(text) {
    const found = /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$/.exec(text) || /^(\d{4})(\d{2})(\d{2})$/.exec(text);
    if (!found) return null;
    const year = Number(found[1]);
    return dayOf(year < FIRST_GREGORIAN ? PERSIAN : GREGORIAN, year, Number(found[2]), Number(found[3]));
}
function named(text) {
    const found = /^(\d{1,2})\s+([^\d,،]+?)\.?[,،]?\s+(\d{4})$/.exec(text);
    const turned = found ? null : /^([^\d,،]+?)\.?\s+(\d{1,2})[,،]?\s+(\d{4})$/.exec(text);
    if (!found && !turned) return null;
    const [day, name, year] = found ? found.slice(1) : [turned[2], turned[1], turned[3]];
    const wanted = name.trim().toLowerCase().replace(/ي/g, "ی").replace(/ك/g, "ک");
    for (const [calendar, names] of [[PERSIAN, terms().names.persian], [GREGORIAN, terms().names.gregory]]) {
        if (wanted in names) return dayOf(calendar, Number(year), names[wanted], Number(day));
    }
    return null;
}
/* A typed day: year first in digits, or with the month's name; null where it cannot be read. */
export function readDay(text) {
    const plain = latin(text).replace(/[\u200e\u200f]/g, "").trim().replace(/\s+/g, " ");
    return numbered(plain) || named(plain);
}

/* A typed time of day; null where it cannot be read. */
export function readTime(text) {
    const found = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(latin(text).trim());
    if (!found || found[1] > 23 || found[2] > 59 || found[3] > 59) return null;
    return `${padded(found[1])}:${found[2]}` + (found[3] && found[3] !== "00" ? `:${found[3]}` : "");
}

/* What a field holds, as its reader reads it; text that is no day stays as it is. */
export function shown(value, timed) {
    const day = ofIso(value);
    if (!day) return value;
    const time = timed ? value.slice(11).replace(/^(\d\d:\d\d):00(\.0*)?$/, "$1") : "";
    return said(day) + (time ? terms().comma + digits(time) : "");
}

/* What was typed as the field is to hold it: null where it cannot be read. */
export function read(text, timed) {
    if (!timed) {
        const day = readDay(text);
        return day && iso(day);
    }
    const parts = /^(.*?)(?:[\s,،T]+(\d{1,2}:\d{2}(?::\d{2})?))?$/.exec(latin(text).trim());
    const day = readDay(parts[1]);
    const time = readTime(parts[2] || "0:00");
    return day && time ? `${iso(day)}T${time}` : null;
}
