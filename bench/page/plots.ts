/**
 * Plots of results, as SVG without script or outside parts, light or dark as its reader likes it: the style in each turns
 * the three plain colours over.
 */
import { type EChartsOption, init, type SeriesOption } from 'echarts';
import { type Curve, type Figures, figure } from '../measuring/rows.js';

const PAPER = '#ffffff';
const INK = '#24292f';
const FAINT = '#d0d7de';
const IN_THE_DARK = { [PAPER]: '#0d1117', [INK]: '#e6edf3', [FAINT]: '#30363d' };
/** Readable on both. */
const COLOURS = ['#2f81f7', '#d9822b', '#2da44e', '#a371f7'];
const FLOOR_COLOUR = '#8b949e';

const WIDTH = 800;
const FONT = 'system-ui, sans-serif';
const DOT = 11;
const LEGEND = { left: 12, top: 42, itemGap: 24, textStyle: { color: INK, fontSize: 11 } };

/** A latency at each percentile, the closer to the end the wider. @param floorName what the rows' floors, dashed, are */
export function curvesPlot(title: string, rows: readonly Figures[], floorName: string): string {
  const series = rows.flatMap(({ case: name, curve = [], floorCurve = [] }, index) => {
    const color = COLOURS[index % COLOURS.length]!;
    return [
      curveSeries(name, curve, { color, width: 2.5, type: 'solid' }),
      curveSeries(`${name}: ${floorName}`, floorCurve, { color, width: 1.5, type: 'dashed' }),
    ];
  });
  const hasFloors = rows.some(({ floorCurve }) => floorCurve !== undefined);
  return drawn(440, {
    ...head(hasFloors ? `${title}; dashed: ${floorName}` : title),
    legend: { ...LEGEND, icon: 'rect', itemHeight: 3, data: rows.map(row => row.case) },
    grid: { left: 70, right: 40, top: 80, bottom: 50 },
    xAxis: {
      ...axis('percentile'),
      type: 'log',
      min: 1,
      max: 10_000,
      axisLabel: { color: INK, formatter: percentileAt },
    },
    yAxis: { ...axis('ms'), type: 'log', axisLabel: { color: INK } },
    series,
  });
}

/** A value beside its floor for each row, on a scale of powers of ten. */
export function floorsPlot(title: string, unit: string, rows: readonly Figures[]): string {
  const shown = rows.toReversed();
  return drawn(130 + 52 * rows.length, {
    ...head(title),
    legend: LEGEND,
    grid: { left: 64, right: 60, top: 80, bottom: 50, containLabel: true },
    xAxis: { ...axis(unit), type: 'log', axisLabel: { color: INK, formatter: figure } },
    yAxis: {
      type: 'category',
      data: shown.map(row => row.case),
      axisLabel: { color: INK },
      axisLine: { lineStyle: { color: FAINT } },
      axisTick: { show: false },
    },
    series: [
      dotSeries(
        'exchange',
        shown.map(({ value }) => value),
        COLOURS[0]!,
        'top',
      ),
      dotSeries(
        'floor',
        shown.map(({ floor }) => floor!),
        FLOOR_COLOUR,
        'bottom',
      ),
    ],
  });
}

function dotSeries(
  name: string,
  data: readonly number[],
  color: string,
  position: 'top' | 'bottom',
): SeriesOption {
  return {
    name,
    type: 'scatter',
    silent: true,
    symbolSize: DOT,
    itemStyle: { color, opacity: 1 },
    data: [...data],
    label: { show: true, position, color: INK, formatter: ({ value }) => figure(Number(value)) },
  };
}

function curveSeries(
  name: string,
  curve: Curve,
  lineStyle: { color: string; width: number; type: 'solid' | 'dashed' },
): SeriesOption {
  const data = curve.map(([percentile, ms]) => [100 / (100 - percentile), ms]);
  const itemStyle = { color: lineStyle.color };
  return { name, type: 'line', silent: true, showSymbol: false, itemStyle, lineStyle, data };
}

/** Of a place on the axis, which is how many requests there are for one that took longer. */
function percentileAt(place: number): string {
  return `${Number((100 - 100 / place).toFixed(2))} %`;
}

function head(title: string): EChartsOption {
  return {
    animation: false,
    backgroundColor: PAPER,
    textStyle: { fontFamily: FONT, color: INK },
    title: { text: title, left: 12, top: 10, textStyle: { fontSize: 16, color: INK } },
  };
}

function axis(name: string) {
  return {
    name,
    nameLocation: 'middle' as const,
    nameGap: 32,
    nameTextStyle: { color: INK },
    axisLine: { lineStyle: { color: FAINT } },
    splitLine: { lineStyle: { color: FAINT } },
    minorSplitLine: { show: false },
  };
}

function drawn(height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg.replace('>', `>\n${darkStyle()}`)}\n`;
}

function darkStyle(): string {
  const rules = Object.entries(IN_THE_DARK).map(
    ([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`,
  );
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
}
