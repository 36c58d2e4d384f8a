import { metricMeter } from '@temporalio/workflow';
import type { Durations } from '../deal/figures.js';
import type { DealState } from '../deal/state.js';

/**
 * Answers what tells the worker's metrics by how much the deal's figures have grown since the last call, so that metrics and reports cannot
 * differ. A replay tells nothing twice.
 */
export function measuring(deal: DealState): () => void {
  const labels = { document_type: deal.start.documentType };
  const counter = (name: string, of: () => number) => {
    const metric = metricMeter.createCounter(name);
    let told = of();
    return () => {
      const now = of();
      if (now > told) metric.add(now - told, labels);
      told = now;
    };
  };
  const histogram = (name: string, of: () => Durations) => {
    const metric = metricMeter.createHistogram(name, 'float', 's');
    let told = of().count;
    return () => {
      const { count, newest } = of();
      for (const milliseconds of count > told ? newest.slice(told - count) : [])
        metric.record(milliseconds / 1000, labels);
      told = count;
    };
  };

  const { figures } = deal;
  const filed = (): Durations =>
    figures.filedAt === null
      ? { count: 0, newest: [] }
      : { count: 1, newest: [Date.parse(figures.filedAt) - Date.parse(figures.startedAt)] };
  const tell = [
    histogram('countersign_start_to_filed_seconds', filed),
    histogram('countersign_review_seconds', () => figures.reviews),
    histogram('countersign_webhook_to_change_seconds', () => figures.webhooks),
    counter('countersign_changes_told', () => figures.told),
    counter('countersign_interventions', () => figures.interventions),
    counter('countersign_reminders', () => figures.reminders),
    counter('countersign_signatures', () => figures.signatures),
  ];
  return () => tell.forEach((one) => one());
}
