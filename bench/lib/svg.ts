export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What stands beside the bar. */
  readonly text: string;
  /** Whether it is one of ours. */
  readonly own: boolean;
}

const ROW = 30;
const LEFT = 330;
const LONGEST = 420;
const WIDTH = LEFT + LONGEST + 110;
const TOP = 52;

/** A chart of horizontal bars that is read on light and dark pages alike. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value));
  const height = TOP + bars.length * ROW + 10;
  const rows = bars.map(({ label, value, text, own }, row) => {
    const y = TOP + row * ROW;
    const width = Math.max(1, Math.round((value / most) * LONGEST));
    return [
      `  <text x="${LEFT - 10}" y="${y + 15}" text-anchor="end" fill="#24292f">${escaped(label)}</text>`,
      `  <rect x="${LEFT}" y="${y}" width="${width}" height="20" rx="2" fill="${own ? '#1f6feb' : '#8c959f'}"/>`,
      `  <text x="${LEFT + width + 8}" y="${y + 15}" fill="#24292f">${escaped(text)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
  <title>${escaped(title)}</title>
  <rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
  <text x="16" y="30" font-size="16" font-weight="bold" fill="#24292f">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`;
}

/** Text as it stands in XML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
