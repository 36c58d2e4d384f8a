import { html, type Html } from './html.js';

export interface Frame {
  title: string;
  body: Html;
  /** Reloads the page after so many seconds: while something happens that the reader waits for. */
  refreshSeconds?: number;
}

/** The whole page around its content. No script anywhere, so that the policy can forbid it. */
export function frame({ title, body, refreshSeconds }: Frame): string {
  const refresh = refreshSeconds === undefined ? null : html`<meta http-equiv="refresh" content="${refreshSeconds}" />`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${refresh}
        <title>${title} · Atlas sandbox</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <header class="bar">
          <a class="brand" href="/">
            <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
              <path d="M12 2 3 21h4.2l1.7-4h6.2l1.7 4H21L12 2Zm0 7.6 1.8 4.2h-3.6L12 9.6Z" fill="currentColor" />
            </svg>
            Atlas
          </a>
          <span class="badge">sandbox</span>
        </header>
        <main>${body}</main>
      </body>
    </html>`.markup;
}

/** A page that says one thing. */
export function notice(title: string, text: string): string {
  const body = html`<section class="card notice">
    <h1>${title}</h1>
    <p>${text}</p>
  </section>`;
  return frame({ title, body });
}

export function banner(kind: 'error' | 'success' | 'info', text: string): Html {
  return html`<p class="banner ${kind}" role="${kind === 'error' ? 'alert' : 'status'}">${text}</p>`;
}

export function pill(status: string): Html {
  return html`<span class="pill ${status}">${status.replaceAll('_', ' ')}</span>`;
}

/** A moment as a person reads it, UTC. */
export function moment(iso: string): Html {
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** The document itself: a link for every window, and the page inside the page where it is wide enough. */
export function documentView(href: string, name: string, pages: number | null): Html {
  const count = pages === null ? 'PDF' : `PDF, ${pages} ${pages === 1 ? 'page' : 'pages'}`;
  return html`<a class="file" href="${href}" target="_blank" rel="noreferrer">
      <svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">
        <path d="M6 2h8l5 5v15H6V2Z" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" />
        <path d="M14 2v5h5M9 13h7M9 17h5" fill="none" stroke="currentColor" stroke-width="1.6" />
      </svg>
      <span><strong>${name}</strong><small>${count} · open in a new tab</small></span>
    </a>
    <object class="viewer" data="${href}#toolbar=0" type="application/pdf" aria-label="${name}"></object>`;
}
