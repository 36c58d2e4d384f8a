/** The whole page around its content. Nothing inline, neither script nor style, so that the policy can forbid both. */
import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Caller } from '../identity.js';
import { SCRIPT_PATH, STYLE_PATH } from './assets.js';
import type { Flash } from './flash.js';

/** Who looks, and whether that is by a session that can be ended. Null before the login. */
export interface Visitor {
  caller: Caller;
  session: boolean;
}

export interface Page {
  title: string;
  visitor: Visitor | null;
  body: ComponentChildren;
  here?: 'queue' | 'deals';
  flash?: Flash | undefined;
  /** Shows itself anew after so many seconds: by script in place, without script as a whole. */
  refreshSeconds?: number;
  /** The page stands in for another that cannot be shown now; once that can, it is loaded. */
  standIn?: boolean;
  /** Loads this page of the console at once. */
  onward?: string;
}

export function render(page: Page): string {
  return `<!doctype html>${renderToString(<Frame {...page} />)}`;
}

function Frame({ title, visitor, body, here, flash, refreshSeconds, standIn, onward }: Page): VNode {
  const refresh = refreshSeconds === undefined ? {} : { 'data-refresh': refreshSeconds };
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Countersign`}</title>
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href={STYLE_PATH} />
        {onward !== undefined && <meta http-equiv="refresh" content={`0; url=${onward}`} />}
        {refreshSeconds !== undefined && (
          <noscript>
            <meta http-equiv="refresh" content={String(Math.max(refreshSeconds, 30))} />
          </noscript>
        )}
        <script src={SCRIPT_PATH} defer />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="bar">
          <a class="brand" href="/">
            Countersign
          </a>
          {visitor && <Navigation here={here} />}
          {visitor && <Jump />}
          {visitor && <Who {...visitor} />}
        </header>
        <main id="main" tabIndex={-1}>
          {flash && (
            <p class={`flash ${flash.kind}`} role="status">
              {flash.text}
            </p>
          )}
          <div id="live" {...refresh} {...(standIn && { 'data-stand-in': 'yes' })}>
            {body}
          </div>
        </main>
        <footer class="foot">
          <p id="keys" hidden>
            Keys: <kbd>/</kbd> find a deal, <kbd>j</kbd> <kbd>k</kbd> next and previous deal of a list, <kbd>Enter</kbd>{' '}
            open it. <button type="button" id="keys-switch" class="link" />
          </p>
          {refreshSeconds !== undefined && (
            <noscript>
              <p>Without script this page loads itself anew every {Math.max(refreshSeconds, 30)} seconds.</p>
            </noscript>
          )}
        </footer>
        <p id="news" class="news" role="status" />
      </body>
    </html>
  );
}

/** A seal, drawn in the page's address so that nothing is fetched for it. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%230f6b5c'/%3E" +
  "%3Cpath d='m8 17 5 5 11-12' fill='none' stroke='%23fff' stroke-width='3.4' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

function Navigation({ here }: { here: Page['here'] }): VNode {
  const current = (name: Page['here']) => (name === here ? { 'aria-current': 'page' as const } : {});
  return (
    <nav aria-label="Console">
      <a href="/" {...current('queue')}>
        Queue
      </a>
      <a href="/console/deals" {...current('deals')}>
        Deals
      </a>
    </nav>
  );
}

function Jump(): VNode {
  return (
    <form class="jump" method="get" action="/console/go" role="search">
      <label class="quiet" for="jump">
        Deal or envelope id
      </label>
      <input
        id="jump"
        name="id"
        type="search"
        required
        maxLength={200}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        placeholder="Deal or envelope id"
      />
      <button type="submit">Open</button>
    </form>
  );
}

function Who({ caller, session }: Visitor): VNode {
  return (
    <div class="who">
      <span>
        <span class="name">{caller.name}</span> <span class="muted">{caller.named ? caller.role : 'no login'}</span>
      </span>
      {session && (
        <form method="post" action="/console/logout">
          <button type="submit" class="link">
            Log out
          </button>
        </form>
      )}
    </div>
  );
}
