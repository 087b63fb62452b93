/** A Markdown table; every column but the first is set to the right. Its cells are padded to be read as they are. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => [...(row[column] ?? '')].length)));
  const pad = (text: string, column: number) => {
    const fill = ' '.repeat((widths[column] ?? 0) - [...text].length);
    return column === 0 ? text + fill : fill + text;
  };
  const line = (row: readonly string[]) => `| ${head.map((_, column) => pad(row[column] ?? '', column)).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}
