// Charts of the panel: every <figure data-chart> holds its figures as JSON and is drawn from it by Apache ECharts, in
// the page's colours, direction, language and digits. Its table stands beside it in the page, for those who want text.
import { BarChart, FunnelChart, GraphChart, HeatmapChart, LineChart, SankeyChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
    BarChart, FunnelChart, GraphChart, HeatmapChart, LineChart, SankeyChart, ScatterChart, GridComponent, LegendComponent,
    MarkLineComponent, TooltipComponent, VisualMapComponent, LabelLayout, SVGRenderer,
]);

const root = document.documentElement;
const drawn = new Map();
const still = matchMedia("(prefers-reduced-motion: reduce)");

// What the page looks like now; charts are drawn again when it changes.
function look() {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(name).trim();
    const tones = Object.fromEntries(
        ["good", "bad", "gold", "muted", "primary"].map((tone) => [tone, read(`--arz-chart-${tone}`)])
    );
    return {
        rtl: root.dir === "rtl",
        font: read("--tblr-font-sans-serif"),
        text: read("--tblr-body-color"),
        quiet: read("--tblr-secondary-color"),
        line: read("--arz-line"),
        surface: read("--arz-chart-surface"),
        on: read("--arz-chart-on"),
        palette: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => read(`--arz-chart-${number}`)),
        scale: [read("--arz-chart-low"), read("--arz-chart-high")],
        tones: { ...tones, none: "transparent" },
    };
}

// How a number is written; the server writes the table by the same rules (admin/formats.py).
function writer(locale, form, rtl) {
    const { kind = "number", currency, decimals = 0 } = form || {};
    const digits = { maximumFractionDigits: decimals, minimumFractionDigits: 0 };
    const money = { style: "currency", currency, ...digits };
    const long = new Intl.NumberFormat(
        locale, kind === "percent" ? { style: "percent", ...digits } : kind === "money" ? money : digits
    );
    const short = new Intl.NumberFormat(locale, {
        ...(kind === "money" ? { style: "currency", currency } : {}), notation: "compact", maximumFractionDigits: 1,
        minimumFractionDigits: 0,
    });
    const isolate = (text) => (rtl ? `\u2067${text}\u2069` : text);
    return (value) => {
        if (value === null || value === undefined || Number.isNaN(value)) return "–";
        const compact = kind !== "percent" && kind !== "exact" && Math.abs(value) >= 10000;
        return isolate((compact ? short : long).format(value));
    };
}

const isolated = (page) => (text) => (page.rtl ? `\u2067${text}\u2069` : text);

// Tooltips are built as elements: a customer's name is text, never markup.
function tip(title, rows) {
    const box = document.createElement("div");
    const add = (tag, text, parent, colour) => {
        const element = document.createElement(tag);
        element.textContent = text;
        if (colour) element.style.setProperty("--arz-dot", colour);
        parent.append(element);
        return element;
    };
    if (title) add("strong", title, box);
    const list = document.createElement("dl");
    for (const [name, value, colour] of rows) {
        add("dt", name, list, colour);
        add("dd", value, list);
    }
    box.append(list);
    return box;
}

function base(spec, page) {
    return {
        color: page.palette,
        animation: !still.matches,
        animationDuration: 300,
        textStyle: { fontFamily: page.font, color: page.text, fontSize: 12 },
        tooltip: {
            confine: true, className: "arz-tip", borderWidth: 0, padding: 0, backgroundColor: "transparent",
            extraCssText: "box-shadow: none", transitionDuration: 0, textStyle: { fontFamily: page.font },
        },
    };
}

function legend(spec, page, names, width = 0) {
    if (names.length < 2 || spec.legend === false) return undefined;
    // From right to left the first name stands rightmost, as far as all stand in one line.
    const turned = page.rtl && names.reduce((sum, name) => sum + wide(name, page) + 30, 0) <= width;
    return {
        data: turned ? [...names].reverse() : names, align: page.rtl ? "right" : "left", top: 0, [page.rtl ? "right" : "left"]: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8,
        type: "plain", textStyle: { color: page.quiet }, formatter: isolated(page), inactiveColor: page.line,
    };
}

const ruled = (page) => ({ lineStyle: { color: page.line } });

function valueAxis(page, form, write, name, extra) {
    return {
        type: "value", name: name ? isolated(page)(name) : undefined, nameLocation: "middle", nameTextStyle: { color: page.quiet },
        axisLabel: { color: page.quiet, formatter: write, hideOverlap: true }, splitLine: ruled(page), axisLine: { show: false },
        axisTick: { show: false }, minInterval: 10 ** -((form?.decimals || 0) + (form?.kind === "percent" ? 2 : 0)), ...extra,
    };
}

function categoryAxis(page, labels, extra) {
    return {
        type: "category", data: labels, axisLine: ruled(page), axisTick: { show: false },
        axisLabel: { color: page.quiet, formatter: isolated(page), hideOverlap: true }, ...extra,
    };
}

const tone = (page, given, index) => page.tones[given] || (given && given.startsWith("#") ? given : page.palette[index % 8]);

// How many pixels a word on an axis takes.
const pen = document.createElement("canvas").getContext("2d");
function wide(text, page) {
    pen.font = `12px ${page.font}`;
    return pen.measureText(text).width;
}

// A name in lines that have room. ECharts breaks lines by the width of single letters, which in Persian are wider alone.
function lined(text, room, page) {
    return text.split(" ").reduce((lines, word) => {
        const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
        return lines.length && wide(longer, page) <= room ? [...lines.slice(0, -1), longer] : [...lines, word];
    }, []);
}

// Lines and bars over one axis of labels or of numbers.
function cartesian(spec, page, box) {
    const x = spec.x || {};
    const y = spec.y || {};
    const writeX = writer(spec.locale, x.form, page.rtl);
    const writeY = writer(spec.locale, y.form, page.rtl);
    const numeric = !x.labels;
    const flat = spec.horizontal;
    const listed = spec.series.map((one, index) => ({ ...one, colour: tone(page, one.tone, index), turn: index }));
    const named = spec.series.filter((one) => one.name);
    // Bars side by side follow the direction of the page.
    if (page.rtl && !flat && !spec.stacked && spec.kind === "bars") listed.reverse();
    const labelled = numeric
        ? valueAxis(page, x.form, writeX, x.name, { min: x.min, max: x.max, splitLine: { show: false } })
        : categoryAxis(page, x.labels, flat ? { inverse: true } : { name: x.name && isolated(page)(x.name) });
    const room = numeric ? 0 : Math.max((box.clientWidth - 80) / x.labels.length - 6, 30);
    let turned = false;
    const tight = !numeric && !flat && x.labels.length <= 8 && Math.max(...x.labels.map((label) => label.length)) * 7 > room;
    if (!numeric && !flat && x.labels.length <= 8) {
        // Few labels are all shown, in several lines where they are long.
        Object.assign(labelled.axisLabel, { interval: 0, hideOverlap: false, fontSize: room < 60 ? 10 : 12 });
        // A word is never broken: where the longest has no room, the names are turned.
        const longest = Math.max(...x.labels.flatMap((label) => label.split(" ").map((word) => wide(word, page))));
        if (tight && longest > room) Object.assign(labelled.axisLabel, { rotate: page.rtl ? -35 : 35 }), (turned = true);
        else if (tight) labelled.axisLabel.formatter = (text) => lined(text, room, page).map(isolated(page)).join("\n");
    }
    const written = Math.max(0, ...spec.series.flatMap((one) => (one.labels || []).map((label) => label.length)));
    const measured = valueAxis(page, y.form, writeY, y.name, {
        min: y.min, max: y.max, ...(flat && written ? { boundaryGap: [0, `${Math.min(Math.round((written * 760) / Math.max(box.clientWidth, 1)), 60)}%`] } : {}),
    });
    if (numeric || !flat) labelled.nameLocation = "middle";
    if (labelled.name) Object.assign(labelled, { nameGap: turned ? 66 : tight ? 40 : 28, nameTextStyle: { color: page.quiet } });
    if (measured.name && flat) measured.nameGap = 28;
    // Above an upright axis its name stands level.
    if (measured.name && !flat) Object.assign(measured, { nameLocation: "end", nameGap: spec.marks?.some((mark) => mark.axis === "x") ? 26 : 12, nameTextStyle: { color: page.quiet, align: page.rtl ? "right" : "left" } });
    const across = flat ? measured : labelled;
    const up = flat ? labelled : measured;
    if (page.rtl) Object.assign(across, { inverse: true }), Object.assign(up, { position: "right" });
    const shown = legend(spec, page, named.map((one) => one.name), box.clientWidth);
    const rows = shown ? Math.ceil(named.reduce((sum, one) => sum + wide(one.name, page) + 30, 0) / Math.max(box.clientWidth, 1)) : 0;
    const series = listed.map((one, index) => ({
        type: one.type || (spec.kind === "bars" ? "bar" : "line"), name: one.name || "", data: one.values,
        stack: spec.stacked ? "all" : one.stack, smooth: false, showSymbol: Boolean(one.dots), symbolSize: 7,
        barMaxWidth: spec.kind === "bars" && spec.dense ? undefined : 44, barCategoryGap: spec.dense ? "8%" : "30%",
        itemStyle: {
            color: one.colour, borderRadius: spec.stacked ? 0 : spec.dense ? 2 : 4,
            ...(one.tones ? { color: (at) => tone(page, one.tones[at.dataIndex], one.turn) } : {}),
        },
        lineStyle: { color: one.colour, width: 2, type: one.dashed ? "dashed" : "solid" },
        areaStyle: one.area ? { color: one.colour, opacity: 0.14 } : undefined,
        silent: one.tone === "none", tooltip: one.tone === "none" ? { show: false } : undefined,
        emphasis: { disabled: one.tone === "none", focus: "none" }, connectNulls: false,
        label: one.labels ? {
            show: true, position: flat ? (page.rtl ? "left" : "right") : "top", color: page.text, fontSize: 11,
            formatter: (at) => isolated(page)(one.labels[at.dataIndex]),
        } : undefined,
        markLine: index === 0 && spec.marks ? {
            symbol: "none", silent: true, animation: false, lineStyle: { color: page.quiet, type: "dashed" },
            label: { color: page.quiet, formatter: (at) => isolated(page)(at.name), rotate: 0, position: "end", distance: 6 },
            data: spec.marks.map((mark) => ({ name: mark.label, [`${mark.axis}Axis`]: mark.at })),
        } : undefined,
    }));
    const option = {
        ...base(spec, page), legend: shown, series, xAxis: across, yAxis: up,
        grid: { top: 12 + (measured.name && !flat ? 22 : 0) + rows * 24 + (spec.marks?.some((mark) => mark.axis === "x") ? 14 : 0), bottom: across.name ? (across.nameGap || 28) + 6 : 6, left: 6, right: 12, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    };
    option.tooltip.trigger = "axis";
    option.tooltip.axisPointer = { type: spec.kind === "bars" ? "shadow" : "line", lineStyle: { color: page.quiet }, shadowStyle: { opacity: 0.12 } };
    option.tooltip.formatter = (points) => {
        const first = points[0];
        const title = numeric ? writeX(first.axisValue) : x.full ? x.full[first.dataIndex] : first.name;
        const lines = points.filter((at) => listed[at.seriesIndex].tone !== "none").map((at) => {
            const one = listed[at.seriesIndex];
            const value = Array.isArray(at.value) ? at.value[1] : at.value;
            const said = one.told ? one.told[at.dataIndex] : writeY(value);
            return [one.name || y.name || "", said, one.tones ? tone(page, one.tones[at.dataIndex], one.turn) : one.colour];
        });
        return tip(x.prefix ? `${x.prefix} ${title}` : title, lines);
    };
    return option;
}

/* Names under a grid: every column has its own, turned where they would not fit side by side. */
function columnLabels(page, labels, cell) {
    const axisLabel = { color: page.quiet, formatter: isolated(page), interval: 0, hideOverlap: false };
    if (Math.max(...labels.map((label) => wide(label, page))) + 6 <= cell) return { axisLabel };
    const letters = Math.max(...labels.map((label) => label.length));
    return letters > 3 ? { axisLabel: { ...axisLabel, rotate: page.rtl ? -35 : 35, width: 130, overflow: "truncate" } } : {};
}

function heat(spec, page, box) {
    const write = writer(spec.locale, spec.form, page.rtl);
    const cell = (box.clientWidth - Math.max(...spec.y.labels.map((label) => wide(label, page))) - 24) / spec.x.labels.length;
    const roomy = cell >= 31;
    const values = spec.cells.map((cell) => cell[2]).filter((value) => value !== null);
    const option = {
        ...base(spec, page),
        grid: { top: 6, bottom: spec.x.name ? 30 : 6, left: 6, right: 6, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
        xAxis: categoryAxis(page, spec.x.labels, { inverse: page.rtl, name: spec.x.name, nameLocation: "middle", nameGap: 28, ...columnLabels(page, spec.x.labels, cell) }),
        yAxis: categoryAxis(page, spec.y.labels, { inverse: true, position: page.rtl ? "right" : "left" }),
        visualMap: {
            show: false, min: Math.min(0, ...values), max: Math.max(...values, 1e-9), dimension: 2, inRange: { color: page.scale },
        },
        series: [{
            type: "heatmap", data: spec.cells.filter((cell) => cell[2] !== null),
            label: { show: spec.numbers !== false && roomy, color: page.text, formatter: (at) => write(at.value[2]) },
            itemStyle: { borderWidth: 2, borderColor: page.surface, borderRadius: 4 },
        }],
    };
    option.tooltip.formatter = (at) => tip(spec.y.labels[at.value[1]], [[spec.x.labels[at.value[0]], write(at.value[2])]]);
    return option;
}

function sankey(spec, page) {
    const write = writer(spec.locale, spec.form, page.rtl);
    const names = Object.fromEntries(spec.nodes.map((node) => [node.id, node.name]));
    const option = {
        ...base(spec, page),
        series: [{
            type: "sankey", left: 8, right: 8, top: 8, bottom: 8, nodeWidth: 14, draggable: false, layoutIterations: 32, nodeAlign: "justify",
            data: spec.nodes.map((node, index) => ({
                name: node.id, depth: node.depth, itemStyle: { color: tone(page, node.tone, index), borderWidth: 0 },
                label: { position: node.depth ? "left" : "right", color: page.text, formatter: () => isolated(page)(node.name) },
            })),
            links: spec.links, lineStyle: { color: "source", opacity: 0.28 }, emphasis: { focus: "adjacency" },
        }],
    };
    option.tooltip.formatter = (at) => at.dataType === "edge"
        ? tip("", [[`${names[at.data.source]} ${page.rtl ? "←" : "→"} ${names[at.data.target]}`, write(at.data.value)]])
        : tip("", [[names[at.name], write(at.value)]]);
    return option;
}

// Nodes of {id, name, group, size, link, middle}, edges of {source, target, name}.
function graph(spec, page) {
    const option = {
        ...base(spec, page), legend: legend(spec, page, spec.groups || []),
        series: [{
            type: "graph", layout: "force", roam: false, draggable: true, cursor: "pointer",
            force: { repulsion: 320, edgeLength: 110, gravity: 0.12, layoutAnimation: !still.matches },
            categories: (spec.groups || []).map((name) => ({ name })),
            data: spec.nodes.map((node) => ({
                id: node.id, name: node.id, category: node.group, symbolSize: node.size || 26, link: node.link, told: node.told,
                value: node.name, label: { show: true, position: "bottom", color: page.text, fontWeight: node.middle ? 600 : 400, formatter: () => isolated(page)(node.name) },
                itemStyle: node.middle ? { borderColor: page.text, borderWidth: 2 } : undefined,
            })),
            links: spec.edges.map((edge) => ({
                ...edge, label: { show: Boolean(edge.name), formatter: () => isolated(page)(edge.name), color: page.quiet, fontSize: 10, backgroundColor: page.surface },
            })),
            edgeSymbol: ["none", spec.directed === false ? "none" : "arrow"], edgeSymbolSize: 7,
            lineStyle: { color: page.quiet, opacity: 0.6, curveness: 0.06 }, labelLayout: { hideOverlap: true },
            emphasis: { focus: "adjacency" },
        }],
    };
    option.tooltip.formatter = (at) => at.dataType === "edge" ? tip("", [[at.data.name || "", ""]]) : tip(at.data.value, at.data.told || []);
    return option;
}

function funnel(spec, page) {
    const write = writer(spec.locale, spec.form, page.rtl);
    const option = {
        ...base(spec, page),
        series: [{
            type: "funnel", sort: "none", left: "4%", right: "4%", top: 8, bottom: 8, minSize: "2%", gap: 3,
            label: { position: "inside", color: page.on, fontWeight: 600, formatter: (at) => isolated(page)(`${at.name}  ${write(at.value)}`) },
            labelLayout: { hideOverlap: true },
            data: spec.steps.map((step, index) => ({ ...step, itemStyle: { color: page.palette[0], opacity: Math.max(0.7, 1 - index * 0.06), borderWidth: 0 } })),
        }],
    };
    option.tooltip.formatter = (at) => tip("", [[at.name, write(at.value)]]);
    return option;
}

const KINDS = { bars: cartesian, lines: cartesian, points: cartesian, heat, sankey, graph, funnel };

function draw(figure) {
    const box = figure.querySelector(".arz-canvas");
    const source = figure.querySelector("script[type='application/json']");
    if (!box || !source) return;
    const spec = JSON.parse(source.textContent);
    const page = look();
    if (spec.kind === "points") spec.series.forEach((one) => { one.type = one.type || "scatter"; });
    const before = drawn.get(figure);
    if (before) before.chart.dispose();
    const chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption(KINDS[spec.kind](spec, page, box));
    chart.on("click", (at) => {
        const data = at.data || {};
        const link = data.link || (spec.links && spec.kind !== "sankey" ? spec.links[at.dataIndex] : null);
        const picked = new CustomEvent("arz-chart-pick", { bubbles: true, cancelable: true, detail: { series: at.seriesIndex, index: at.dataIndex, data } });
        if (figure.dispatchEvent(picked) && link) location.href = link;
    });
    drawn.set(figure, { chart, width: box.clientWidth });
}

// Draws the charts within an element that came into the page later, or all of them.
function drawAll(within = document) {
    for (const figure of within.querySelectorAll("figure[data-chart]")) {
        if (!drawn.has(figure)) sizes.observe(figure.querySelector(".arz-canvas"));
        draw(figure);
    }
    for (const figure of drawn.keys()) {
        if (figure.isConnected) continue;
        drawn.get(figure).chart.dispose();
        drawn.delete(figure);
    }
}

const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
        const figure = target.closest("figure");
        const known = drawn.get(figure);
        if (!known || !target.clientWidth || known.width === target.clientWidth) continue;
        draw(figure);
    }
});

new MutationObserver(() => drawAll()).observe(root, { attributes: true, attributeFilter: ["data-bs-theme", "dir"] });
drawAll();
if (document.fonts && document.fonts.status !== "loaded") document.fonts.ready.then(() => drawAll());
window.ArzeshCharts = { draw, drawAll };
