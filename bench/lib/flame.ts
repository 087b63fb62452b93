import { escaped } from './svg.ts';

/** What `node --cpu-prof` writes (Chrome DevTools protocol, Profiler.Profile), as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

interface Frame {
  readonly name: string;
  readonly kind: Kind;
  us: number;
  readonly callees: Map<string, Frame>;
}

type Kind = 'own' | 'library' | 'node';

const WIDTH = 1200;
const ROW = 17;
const TOP = 56;
const LEAST_SHARE = 0.002;
const PER_CHARACTER = 6.2;
const COLOURS: Record<Kind, string> = { own: '#1f6feb', library: '#bf8700', node: '#8c959f' };

/**
 * A flame graph of the last part of a profile, time going down from the caller to the callee (B. Gregg, "The Flame
 * Graph", 2016): how wide a box is says how long it and what it called were running.
 *
 * @param seconds how much of the profile's end is shown: the start of a process is another matter
 */
export function flameGraph(title: string, profile: CpuProfile, seconds: number): string {
  const root = fold(profile, seconds * 1e6);
  const boxes: string[] = [];
  const depth = draw(root, 0, 0, WIDTH / root.us, root.us, boxes);
  const height = TOP + (depth + 1) * ROW + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10.5">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="8" y="22" font-size="15" font-family="sans-serif" font-weight="bold" fill="#24292f">${escaped(title)}</text>
<text x="8" y="42" font-family="sans-serif" font-size="12" fill="#57606a">blue: sessiond; brown: libraries; grey: Node. Hover for names and shares.</text>
${boxes.join('\n')}
</svg>
`;
}

function fold({ nodes, samples, timeDeltas, startTime, endTime }: CpuProfile, lastUs: number): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const root: Frame = { name: 'all', kind: 'node', us: 0, callees: new Map() };
  let now = startTime;
  for (const [place, id] of samples.entries()) {
    const us = timeDeltas[place] ?? 0;
    now += us;
    if (now < endTime - lastUs || byId.get(id)?.callFrame.functionName === '(idle)') continue;
    const stack: number[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.unshift(at);
    let frame = root;
    root.us += us;
    for (const step of stack.slice(1)) {
      frame = calleeOf(frame, byId.get(step)?.callFrame ?? { functionName: '', url: '' });
      frame.us += us;
    }
  }
  return root;
}

function calleeOf(caller: Frame, { functionName, url }: { functionName: string; url: string }): Frame {
  const file = url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(?=(src|plugins|routes)\/)/, '');
  const name = `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}`}`;
  let callee = caller.callees.get(name);
  if (callee === undefined) {
    const kind = url.includes('/node_modules/') ? 'library' : url.startsWith('file:') ? 'own' : 'node';
    callee = { name, kind, us: 0, callees: new Map() };
    caller.callees.set(name, callee);
  }
  return callee;
}

/** Draws a frame and all below it; answers how deep that goes. */
function draw(frame: Frame, level: number, x: number, scale: number, total: number, boxes: string[]): number {
  const width = frame.us * scale;
  const y = TOP + level * ROW;
  const share = `${((frame.us / total) * 100).toFixed(1)} %`;
  const text = frame.name.slice(0, Math.max(0, Math.floor((width - 6) / PER_CHARACTER)));
  boxes.push(
    `<g><title>${escaped(frame.name)}: ${share}</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.5, width - 0.5).toFixed(1)}" height="${ROW - 1}" rx="1" fill="${COLOURS[frame.kind]}" fill-opacity="0.35"/>` +
      `${text.length < 3 ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}" fill="#24292f">${escaped(text)}</text>`}</g>`,
  );
  let deepest = level;
  let at = x;
  for (const callee of [...frame.callees.values()].sort((one, other) => other.us - one.us)) {
    if (callee.us / total >= LEAST_SHARE) {
      deepest = Math.max(deepest, draw(callee, level + 1, at, scale, total, boxes));
    }
    at += callee.us * scale;
  }
  return deepest;
}
