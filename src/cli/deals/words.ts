/** Times and tables for a reader. */
import { readDuration } from '../../config/duration.js';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** `3 d`, `2 h`, `12 min`, `5 s`: of a clock that runs behind, `0 s`. */
export function ageOf(instant: string, now: number): string {
  return lengthOf(now - Date.parse(instant));
}

export function lengthOf(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => milliseconds >= length) ?? (['s', 1000] as const);
  return `${Math.max(0, Math.floor(milliseconds / length))} ${unit}`;
}

/** `2026-01-05 09:00:00Z` */
export function timeOf(instant: string): string {
  return instant.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

/** When it was so long ago, ISO 8601. Undefined when the duration cannot be read. */
export function ago(duration: string, now: number): string | undefined {
  const milliseconds = readDuration(duration);
  return milliseconds === undefined ? undefined : new Date(now - milliseconds).toISOString();
}

const GAP = '  ';
const NARROWEST = 8;

/**
 * Rows below their headings, no wider than `columns`: the widest columns give way, and what does not fit ends with `…`. Where no terminal
 * shows it (null), rows only, whole and with tabs between, for other programs.
 */
export function tableOf(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | null,
): string {
  if (columns === null) return rows.map((row) => `${row.join('\t')}\n`).join('');
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const whole = (): number => widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  for (let excess = whole() - columns; excess > 0; excess = whole() - columns) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= NARROWEST) break;
    widths[widest] = Math.max(NARROWEST, width - 1);
  }
  return [headings, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, index) => fitted(cell, widths[index] ?? 0))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join('');
}

function fitted(cell: string, width: number): string {
  return cell.length <= width ? cell.padEnd(width) : `${cell.slice(0, width - 1)}…`;
}
