import { escaped } from '../../bench/lib/svg.ts';
import type { Answer } from './ask.ts';
import type { Episode } from './episode.ts';

const WIDTH = 860;
const LEFT = 16;
const PLOT = WIDTH - 2 * LEFT;
const COLUMNS = 200;
const PANEL = 132;
const BARS = 46;
const LATENCY = 40;
const SLOWEST_MS = 1000;
const TOP = 66;

const FILLS = { good: '#1a7f37', unavailable: '#d4a72c', wrong: '#cf222e' };

interface Column {
  good: number;
  unavailable: number;
  wrong: number;
  slowestMs: number;
}

/** What was answered before, during and after each fault: how many of each sort, and how late the latest was. */
export function timeline(episodes: readonly Episode[]): string {
  const height = TOP + episodes.length * PANEL;
  const panels = episodes.map((episode, row) => panelOf(episode, TOP + row * PANEL));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#24292f">
  <title>Answers under load while Redis fails</title>
  <rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
  <text x="${LEFT}" y="26" font-size="16" font-weight="bold">Answers under load while Redis fails</text>
  <text x="${LEFT}" y="48">bars: answers, <tspan fill="${FILLS.good}">as asked</tspan>, <tspan fill="${FILLS.unavailable}">503</tspan>, <tspan fill="${FILLS.wrong}">wrong</tspan>; line: the slowest answer, up to ${SLOWEST_MS} ms; grey: the fault; light grey: until all is well</text>
${panels.join('\n')}
</svg>
`;
}

function panelOf(episode: Episode, y: number): string {
  const { world, fault, begin, end, spans, answers } = episode;
  const x = (time: number) => LEFT + ((Math.min(time, end) - begin) / (end - begin)) * PLOT;
  const box = (from: number, to: number, fill: string) =>
    `  <rect x="${x(from).toFixed(1)}" y="${y + 20}" width="${(x(to) - x(from)).toFixed(1)}" height="${BARS + LATENCY + 8}" fill="${fill}"/>`;
  const columns = columnsOf(answers, begin, end);
  const most = Math.max(...columns.map(({ good, unavailable, wrong }) => good + unavailable + wrong), 1);
  const areas = { good: '', unavailable: '', wrong: '' };
  for (const [position, column] of columns.entries()) {
    let bottom = y + 20 + LATENCY + 8 + BARS;
    for (const sort of ['wrong', 'unavailable', 'good'] as const) {
      const size = (column[sort] / most) * BARS;
      if (size === 0) continue;
      const [left, width] = [LEFT + (position * PLOT) / COLUMNS, PLOT / COLUMNS].map((length) => length.toFixed(1));
      areas[sort] += `M${left} ${bottom.toFixed(1)}v-${size.toFixed(1)}h${width}v${size.toFixed(1)}z`;
      bottom -= size;
    }
  }
  const points = columns.map(({ slowestMs }, position) => {
    const height = (Math.min(slowestMs, SLOWEST_MS) / SLOWEST_MS) * LATENCY;
    return `${(LEFT + ((position + 0.5) * PLOT) / COLUMNS).toFixed(1)},${(y + 20 + LATENCY - height).toFixed(1)}`;
  });
  return [
    `  <text x="${LEFT}" y="${y + 13}">${escaped(`${world}: ${fault}`)}, ${((end - begin) / 1000).toFixed(1)} s</text>`,
    ...spans.map(({ to, wellAt }) => box(to, wellAt, '#f3f4f6')),
    ...spans.map(({ from, to }) => box(from, to, '#d0d7de')),
    ...(['good', 'unavailable', 'wrong'] as const)
      .filter((sort) => areas[sort] !== '')
      .map((sort) => `  <path d="${areas[sort]}" fill="${FILLS[sort]}"/>`),
    `  <polyline points="${points.join(' ')}" fill="none" stroke="#0969da"/>`,
  ].join('\n');
}

function columnsOf(answers: readonly Answer[], begin: number, end: number): Column[] {
  const columns = Array.from({ length: COLUMNS }, () => ({ good: 0, unavailable: 0, wrong: 0, slowestMs: 0 }));
  for (const { sentAt, ms, status, wrong } of answers) {
    const position = Math.floor(((sentAt + ms - begin) / (end - begin)) * COLUMNS);
    const column = columns[Math.min(position, COLUMNS - 1)] as Column;
    column[wrong !== '' ? 'wrong' : status === 503 ? 'unavailable' : 'good'] += 1;
    column.slowestMs = Math.max(column.slowestMs, ms);
  }
  return columns;
}
