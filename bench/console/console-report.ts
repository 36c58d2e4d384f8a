/** The console's times as a table of their own and as the JSON beside the comparison. */
import { quantileOf, rounded } from '../quantile.js';
import { PAGES, type ConsoleMeasure, type PageName } from './measure-console.js';

/** The median that every page is to stay under, in milliseconds. */
const AIM_MS = 100;

/** Milliseconds from the request to the last byte. */
export interface PageTimes {
  p50: number | null;
  p95: number | null;
}

export interface ConsoleResults {
  openDeals: number;
  /** Views of each page. */
  views: number;
  /** The machine's load average when the views began: unlike ratios, times mean nothing without it. */
  load: number;
  aimMs: number;
  /** Whether every page's median is under the aim. */
  met: boolean;
  pages: Record<PageName, PageTimes>;
}

export function consoleResultsOf({ openDeals, load, views }: ConsoleMeasure): ConsoleResults {
  const times = (name: PageName): PageTimes => ({
    p50: rounded(quantileOf(views[name], 0.5), 1),
    p95: rounded(quantileOf(views[name], 0.95), 1),
  });
  const pages = {
    queue: times('queue'),
    deals: times('deals'),
    inReview: times('inReview'),
    blocked: times('blocked'),
    deal: times('deal'),
    approve: times('approve'),
  };
  const met = PAGES.every((name) => isUnder(pages[name]));
  return { openDeals, views: views.queue.length, load, aimMs: AIM_MS, met, pages };
}

const NAMES: Record<PageName, string> = {
  queue: 'queue',
  deals: 'list of open deals',
  inReview: 'list of those in review',
  blocked: 'list of blocked deals',
  deal: 'page of a deal',
  approve: 'page to approve it',
};

export function consoleTableOf({ openDeals, load, met, pages }: ConsoleResults): string {
  const head = `${`console, ${openDeals.toLocaleString('en')} open deals`.padEnd(38)}${'p50 ms'.padStart(12)}${'p95 ms'.padStart(12)}`;
  const cell = (value: number | null): string => (value === null ? '-' : value.toFixed(1)).padStart(12);
  const rows = PAGES.map((name) => `${NAMES[name].padEnd(38)}${cell(pages[name].p50)}${cell(pages[name].p95)}`);
  const late = PAGES.filter((name) => !isUnder(pages[name])).map((name) => NAMES[name]);
  const verdict = met
    ? `Every median is under ${AIM_MS} ms`
    : `Not every median is under ${AIM_MS} ms; over it: ${late.join(', ')}`;
  return [head, '-'.repeat(head.length), ...rows, `${verdict} (load average ${load} when the views began).`].join('\n');
}

function isUnder({ p50 }: PageTimes): boolean {
  return p50 !== null && p50 < AIM_MS;
}
