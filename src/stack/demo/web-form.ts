/** Just enough of a browser to fill in a form and send it. */
const VISIT_MS = 10_000;

export interface Page {
  url: string;
  status: number;
  html: string;
}

export async function visit(url: string): Promise<Page> {
  const response = await fetch(url, { signal: AbortSignal.timeout(VISIT_MS) });
  return { url: response.url, status: response.status, html: await response.text() };
}

/** Sends the page's form whose action ends (its query aside) in `action`, with what it holds and what a person typed. Null when the page has no such form. */
export async function submit(page: Page, action: string, typed: Record<string, string>): Promise<Page | null> {
  for (const [, tag = '', inside = ''] of page.html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)) {
    const target = new URL(attribute(tag, 'action') ?? '', page.url);
    if (!target.pathname.endsWith(action)) continue;
    const body = new URLSearchParams({ ...held(inside), ...typed });
    const response = await fetch(target, { method: 'POST', body, signal: AbortSignal.timeout(VISIT_MS) });
    return { url: response.url, status: response.status, html: await response.text() };
  }
  return null;
}

/** What the form's fields hold; boxes that are not ticked hold nothing. */
function held(form: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, tag = ''] of form.matchAll(/<input\b([^>]*)>/gs)) {
    const name = attribute(tag, 'name');
    if (name !== null && attribute(tag, 'type') !== 'checkbox') fields[name] = attribute(tag, 'value') ?? '';
  }
  return fields;
}

function attribute(tag: string, name: string): string | null {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  if (value === undefined) return null;
  return value
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
