/**
 * What the browser runs, served as a file: pages that show themselves anew, and a few keys. Everything works without it. Plain script text,
 * since nothing is built for the browser.
 */
export const SCRIPT = String.raw`'use strict';
(() => {
  const live = document.getElementById('live');
  const news = document.getElementById('news');
  const seconds = Number(live?.dataset.refresh);

  /** Told to screen readers; shown to everybody else too when it stays true for a while. */
  function tell(text, shown) {
    if (news.textContent !== text) news.textContent = text;
    news.classList.toggle('shown', shown);
  }

  /** The content without what differs at every look: times as words, and the names of forms. */
  function sense(element) {
    const copy = element.cloneNode(true);
    for (const time of copy.querySelectorAll('time')) time.textContent = '';
    for (const name of copy.querySelectorAll('input[name="key"]')) name.setAttribute('value', '');
    return copy.innerHTML;
  }

  /** Somebody types or chooses, or has done so and not yet sent it. */
  function isInUse() {
    if (live.contains(document.activeElement) && document.activeElement.closest('form')) return true;
    return [...live.querySelectorAll('form input:not([type=hidden]), form textarea, form select')].some((field) =>
      field instanceof HTMLSelectElement
        ? [...field.options].some((option) => option.selected !== option.defaultSelected)
        : field.value !== field.defaultValue,
    );
  }

  /** How the focused element is found again in the content that takes its place. */
  function focusedIn(content) {
    const active = document.activeElement;
    if (!content.contains(active)) return () => null;
    const same = (other) => other.tagName === active.tagName && other.id === active.id &&
      other.getAttribute('href') === active.getAttribute('href') && other.textContent === active.textContent;
    return (fresh) => [...fresh.querySelectorAll(active.tagName)].find(same) ?? null;
  }

  function show(fresh, title) {
    document.title = title;
    if (sense(fresh) === sense(live)) {
      const times = fresh.querySelectorAll('time');
      live.querySelectorAll('time').forEach((time, index) => {
        if (time.textContent !== times[index].textContent) time.textContent = times[index].textContent;
      });
      return;
    }
    const find = focusedIn(live);
    const { scrollX, scrollY } = window;
    live.replaceChildren(...fresh.childNodes);
    find(live)?.focus({ preventScroll: true });
    window.scrollTo(scrollX, scrollY);
    tell('The page has changed.', false);
  }

  const AWAY = 'The gateway does not answer. What is shown may be out of date; it is tried again.';

  /** Answers in how many seconds to look again; undefined for not any more. */
  async function look() {
    let answer;
    let text;
    try {
      answer = await fetch(location.href, {
        headers: { 'x-console-refresh': 'yes' }, redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(20000),
      });
      text = await answer.text();
    } catch {
      tell(AWAY, true);
      return seconds * 2;
    }
    if (live.dataset.standIn !== undefined) {
      if (answer.status >= 500) return seconds;
      location.reload();
      return undefined;
    }
    if (answer.type === 'opaqueredirect' || answer.status === 401) {
      tell('You are logged out, so this page is no longer kept up to date. Load it again to log in.', true);
      return undefined;
    }
    const page = new DOMParser().parseFromString(text, 'text/html');
    const fresh = page.getElementById('live');
    if (answer.ok && fresh) {
      if (news.classList.contains('shown')) tell('The page is up to date again.', false);
      if (!isInUse()) show(fresh, page.title);
      return seconds;
    }
    const heading = fresh?.querySelector('h1')?.textContent;
    if (answer.status >= 500 || !heading) {
      tell(heading ? heading + '. What is shown may be out of date; it is tried again.' : AWAY, true);
      return seconds * 2;
    }
    tell(heading + '. This page is no longer kept up to date.', true);
    return undefined;
  }

  let timer;
  let looking = false;
  let stopped = false;

  function lookIn(wait) {
    clearTimeout(timer);
    if (!stopped && !document.hidden) timer = setTimeout(lookNow, wait * 1000);
  }

  async function lookNow() {
    if (looking || stopped) return;
    looking = true;
    const wait = await look().finally(() => (looking = false));
    if (wait === undefined) stopped = true;
    else lookIn(wait);
  }

  if (seconds > 0) {
    lookIn(seconds);
    document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : void lookNow()));
    window.addEventListener('online', () => void lookNow());
  }

  // A form that is under way is not sent again by a second press.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method !== 'post') return;
    if (form.dataset.sent !== undefined) event.preventDefault();
    form.dataset.sent = 'yes';
  });
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  });

  const STORED = 'countersign-keys';
  const keys = document.getElementById('keys');
  const press = document.getElementById('keys-switch');
  const kept = () => { try { return localStorage.getItem(STORED) !== 'off'; } catch { return true; } };
  let on = kept();

  function label() {
    press.textContent = on ? 'Switch these keys off' : 'Switch these keys on';
  }
  label();
  keys.hidden = document.getElementById('jump') === null;
  press.addEventListener('click', () => {
    on = !on;
    try { localStorage.setItem(STORED, on ? 'on' : 'off'); } catch { /* it holds for this page then */ }
    label();
  });

  function step(by) {
    const deals = [...live.querySelectorAll('a.deal')];
    if (deals.length === 0) return;
    const at = deals.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : deals.length - 1) : Math.min(Math.max(at + by, 0), deals.length - 1);
    deals[next].focus();
  }

  document.addEventListener('keydown', (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest('input, textarea, select, [contenteditable]')) return;
    if (event.key === '/') document.getElementById('jump')?.focus();
    else if (event.key === 'j') step(1);
    else if (event.key === 'k') step(-1);
    else return;
    event.preventDefault();
  });
})();
`;
