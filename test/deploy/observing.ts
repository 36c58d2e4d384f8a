/** The files of deploy/ that watch a running stack, taken apart. */
import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { z } from 'zod';

const dashboardSchema = z.object({
  title: z.string(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
  panels: z.array(
    z.object({
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).optional(),
    }),
  ),
});

const alertsSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

const read = (file: string) => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');

export const dashboard = dashboardSchema.parse(JSON.parse(read('grafana/countersign.json')));
export const alerts = alertsSchema.parse(parse(read('prometheus/alerts.yml'))).groups.flatMap(({ rules }) => rules);

/** Every PromQL expression, with where it stands. Grafana's variables are filled in. */
export const expressions: { where: string; expr: string }[] = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      where: `panel "${title}"`,
      expr: expr.replaceAll('$window', '7d').replaceAll('$document_type', '.*'),
    })),
  ),
  ...alerts.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
];

export interface Parsed {
  metrics: string[];
  /** Labels by name, whatever metric they are asked of. */
  labels: string[];
  faults: string[];
}

export function parsed(expr: string): Parsed {
  const found: Parsed = { metrics: [], labels: [], faults: [] };
  parser.parse(expr).iterate({
    enter: ({ name, from, to, type }) => {
      const text = expr.slice(from, to);
      if (type.isError) found.faults.push(`at ${from}: ${text}`);
      if (name === 'Identifier') found.metrics.push(text);
      if (name === 'LabelName') found.labels.push(text);
    },
  });
  return found;
}

/** The labels of each metric in the text that a process exports. */
export function exported(text: string): Map<string, Set<string>> {
  const metrics = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const known = metrics.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label);
    metrics.set(name, known);
  }
  return metrics;
}

/** The sum of a metric over its series, of those that have all these labels. */
export function sumOf(text: string, name: string, labels: Record<string, string> = {}): number {
  let sum = 0;
  for (const [, found, inner = '', value] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm)) {
    const fits = Object.entries(labels).every(([label, wanted]) => inner.includes(`${label}="${wanted}"`));
    if (found === name && fits) sum += Number(value);
  }
  return sum;
}
