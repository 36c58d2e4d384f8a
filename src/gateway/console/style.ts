/** The one style sheet of all pages, served as a file so that no inline style is needed. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f6; --paper: #fff; --ink: #17211f; --muted: #56635f; --line: #d9dfdd; --edge: #87938f;
  --accent: #0f6b5c; --on-accent: #fff; --tint: #e6f2ef;
  --good: #17653a; --good-tint: #e4f3e9; --warn: #7f4a00; --warn-tint: #fdf0d9; --bad: #a3211a; --bad-tint: #fdeae8; --plain-tint: #ebeeed;
  font: 15px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1413; --paper: #171e1c; --ink: #e7ecea; --muted: #a3afab; --line: #2b3532; --edge: #6f7d78;
    --accent: #5fd0ba; --on-accent: #06231d; --tint: #17312c;
    --good: #7fd6a0; --good-tint: #15301f; --warn: #f0bf6a; --warn-tint: #362810; --bad: #ff9d94; --bad-tint: #3c1b18; --plain-tint: #242d2b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--ground); color: var(--ink); }
a { color: var(--accent); text-underline-offset: .15em; }
h1 { margin: 0; font-size: 1.45rem; line-height: 1.25; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .6rem; font-size: 1.05rem; }
h2 .muted { font-weight: 400; font-size: .87rem; margin-left: .35rem; }
h3 { margin: 1rem 0 .4rem; font-size: .93rem; }
p { margin: 0 0 .6rem; }
code { font: .87em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
kbd { font: .87em ui-monospace, monospace; border: 1px solid var(--edge); border-bottom-width: 2px; border-radius: 4px; padding: 0 .3em; }
.muted, .hint { color: var(--muted); }
.hint { font-size: .87rem; margin: .25rem 0 0; }
.lead { font-size: 1.05rem; }
.quiet { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; border: 0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.skip { position: absolute; left: .5rem; top: -4rem; z-index: 2; padding: .6rem 1rem; background: var(--accent); color: var(--on-accent); border-radius: 6px; }
.skip:focus { top: .5rem; }

.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.25rem; padding: .5rem 1.25rem; background: var(--paper); border-bottom: 1px solid var(--line); }
.brand { font-weight: 700; font-size: 1.05rem; color: var(--ink); text-decoration: none; padding: .5rem 0; }
.brand::before { content: '✓'; display: inline-block; width: 1.35em; margin-right: .45em; border-radius: 5px; background: var(--accent); color: var(--on-accent); text-align: center; }
.bar nav { display: flex; gap: .25rem; }
.bar nav a { padding: .5rem .7rem; border-radius: 6px; color: var(--ink); text-decoration: none; }
.bar nav a:hover { background: var(--tint); }
.bar nav a[aria-current] { color: var(--accent); font-weight: 600; box-shadow: inset 0 -2px var(--accent); border-radius: 6px 6px 0 0; }
.jump { display: flex; gap: .35rem; flex: 1 1 14rem; max-width: 24rem; margin-left: auto; }
.jump input { flex: 1; min-width: 0; }
.who { display: flex; align-items: center; gap: .75rem; }
.who .name { font-weight: 600; overflow-wrap: anywhere; }

main { flex: 1; width: 100%; max-width: 1200px; margin: 0 auto; padding: 1.25rem 1.25rem 2rem; }
.foot { max-width: 1200px; width: 100%; margin: 0 auto; padding: 0 1.25rem 1.25rem; color: var(--muted); font-size: .87rem; }
.narrow { max-width: 720px; margin: 0 auto; }
.narrow > h1 { margin-bottom: .9rem; }
.login { max-width: 440px; padding-top: 8vh; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .7rem; margin-bottom: 1rem; }
.head .muted { font-weight: 400; font-size: 1rem; }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 1.1rem; align-items: start; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; margin: 0 0 1.1rem; }
.card > :last-child { margin-bottom: 0; }
.stands { border-left: 4px solid var(--bad); }
.grave { border-left: 4px solid var(--warn); }
.empty { padding: 1.4rem 1rem; border: 1px dashed var(--edge); border-radius: 10px; color: var(--muted); text-align: center; }

.figures { display: flex; flex-wrap: wrap; gap: .6rem; margin: .9rem 0 1.4rem; padding: 0; list-style: none; }
.figures li { flex: 1 1 9rem; }
.figures a { display: block; height: 100%; padding: .65rem .9rem; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); color: var(--ink); text-decoration: none; }
.figures a:hover { border-color: var(--accent); }
.figures strong { display: block; font-size: 1.5rem; line-height: 1.15; font-variant-numeric: tabular-nums; }
.figures span { color: var(--muted); font-size: .87rem; }
.figures .bad strong { color: var(--bad); }
section + section h2:first-child { margin-top: 0; }
#live > section:not(.card) > h2 { margin-top: 1.6rem; }

table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
th, td { padding: .5rem .8rem; text-align: left; vertical-align: baseline; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--muted); font-size: .82rem; font-weight: 600; background: var(--plain-tint); white-space: nowrap; }
tbody th { font-weight: 400; min-width: 8.5rem; }
tbody tr:hover > * { background: var(--tint); }
tr.late th:first-child { box-shadow: inset 3px 0 var(--bad); }
.deal { font-weight: 600; overflow-wrap: anywhere; }
.moment { white-space: nowrap; }
.moment .muted { font-size: .87rem; margin-left: .2rem; }

.pill { display: inline-block; padding: .08rem .55rem; border-radius: .75rem; background: var(--plain-tint); color: var(--ink); font-size: .85rem; }
td .pill.stage, td .pill.late { white-space: nowrap; }
.pill.in-review, .pill.pending { background: var(--tint); color: var(--accent); }
.pill.completed, .pill.signed { background: var(--good-tint); color: var(--good); }
.pill.blocked, .pill.late, .pill.declined { background: var(--bad-tint); color: var(--bad); font-weight: 600; }
.pill.voided, .pill.expired, .pill.cancelled { background: var(--warn-tint); color: var(--warn); }
.pill.blocked::before { content: '■ '; font-size: .7em; vertical-align: .1em; }
.pill.late::before { content: '! '; }
.pill.completed::before, .pill.signed::before { content: '✓ '; }
.pill.signer.pending::before { content: '▸ '; }

.facts { margin: 0; }
.facts > div { display: grid; grid-template-columns: 10rem minmax(0, 1fr); gap: .15rem .75rem; padding: .28rem 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts .moment { white-space: normal; }
.signers, .timeline, .lineage { margin: 0; padding: 0; list-style: none; }
.signers li { display: flex; align-items: center; gap: .7rem; padding: .35rem 0; }
.signers li + li { border-top: 1px solid var(--line); }
.turn { flex: none; width: 1.7rem; height: 1.7rem; border-radius: 50%; border: 1px solid var(--edge); text-align: center; line-height: 1.6rem; font-size: .87rem; font-variant-numeric: tabular-nums; }
.signers .role { flex: 1; overflow-wrap: anywhere; }
.timeline li { display: grid; grid-template-columns: minmax(0, 1fr) 8rem 16.5rem; gap: .1rem 1rem; padding: .35rem 0; }
.timeline li + li, .lineage li + li { border-top: 1px solid var(--line); }
.timeline .what, .timeline .by { overflow-wrap: anywhere; }
.timeline .by { color: var(--muted); }
.lineage li { padding: .45rem 0; overflow-wrap: anywhere; }
.lineage .moment { white-space: normal; }

.actions, .press { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; }
button, .button { display: inline-flex; align-items: center; min-height: 2.5rem; padding: .35rem .95rem; border: 1px solid var(--edge); border-radius: 7px; background: var(--paper); color: var(--ink); font: inherit; text-decoration: none; cursor: pointer; }
button:hover, .button:hover { border-color: var(--accent); background: var(--tint); }
.primary, .primary:hover { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
.primary:hover, .danger:hover { filter: brightness(1.1); }
.danger, .danger:hover { border-color: var(--bad); color: var(--bad); background: var(--paper); }
button.danger, button.danger:hover { background: var(--bad); color: var(--paper); font-weight: 600; }
button.link, button.link:hover { min-height: 0; padding: .35rem 0; border: 0; background: none; color: var(--accent); text-decoration: underline; text-underline-offset: .15em; font-weight: 400; }

label { display: block; margin-bottom: .2rem; font-size: .87rem; color: var(--muted); }
.field { margin-bottom: 1rem; }
.field > label { color: var(--ink); font-weight: 600; }
input, select, textarea { width: 100%; min-height: 2.5rem; padding: .4rem .6rem; border: 1px solid var(--edge); border-radius: 7px; background: var(--paper); color: var(--ink); font: inherit; }
input::placeholder { color: var(--muted); opacity: 1; }
textarea { resize: vertical; }
[aria-invalid] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
fieldset { min-width: 0; margin: 0 0 1.1rem; padding: .8rem 1rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
legend { padding: 0 .35rem; font-weight: 600; }
fieldset > .hint { margin: 0 0 .8rem; }
.party { display: grid; grid-template-columns: 2fr 1.5fr 1.2fr 4rem 8.6rem; gap: .5rem; padding: .4rem .7rem .7rem; margin-bottom: .8rem; }
.party legend { font-size: .87rem; }
.party p { margin: 0; min-width: 0; }
.filters { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem; margin: .9rem 0 1.1rem; }
.filters p { margin: 0; flex: 1 1 10rem; max-width: 17rem; }
.pages { display: flex; gap: 1.2rem; margin-top: 1rem; }
.pages a { padding: .4rem 0; }

.flash { padding: .65rem .95rem; border-radius: 8px; border: 1px solid; margin: 0 0 1rem; overflow-wrap: anywhere; }
.flash.good { background: var(--good-tint); color: var(--good); }
.flash.note { background: var(--warn-tint); color: var(--warn); }
.flash.bad { background: var(--bad-tint); color: var(--bad); }
.flash a { color: inherit; }
.flash p, .flash ul { margin: 0; }
.news { position: fixed; left: 50%; bottom: 1rem; transform: translateX(-50%); max-width: calc(100% - 2rem); margin: 0; padding: .6rem 1rem; border-radius: 8px; background: var(--ink); color: var(--ground); box-shadow: 0 4px 16px rgb(0 0 0 / .3); }
.news:not(.shown) { width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); }

@media (max-width: 900px) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .timeline li { grid-template-columns: minmax(0, 1fr) auto; }
  .timeline .moment { grid-column: 1 / -1; white-space: normal; }
}
@media (max-width: 720px) {
  .bar { padding: .4rem .9rem; gap: .25rem .8rem; }
  .bar nav { margin-left: auto; }
  .jump { order: 3; flex-basis: 100%; max-width: none; margin: 0; }
  .who { order: 4; flex: 1; justify-content: space-between; }
  main, .foot { padding-left: .9rem; padding-right: .9rem; }
  .figures li { flex-basis: 40%; }
  .deals, .deals tbody, .deals tr, .deals th, .deals td { display: block; }
  .deals { border: 0; background: none; border-radius: 0; overflow: visible; }
  .deals thead { display: none; }
  .deals tr { margin-bottom: .7rem; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); overflow: hidden; }
  .deals tr.late { border-left: 4px solid var(--bad); }
  tr.late th:first-child { box-shadow: none; }
  .deals th, .deals td { border: 0; padding: .3rem .9rem; }
  .deals th { padding-top: .6rem; font-size: 1.02rem; }
  .deals td { display: grid; grid-template-columns: 8.2rem minmax(0, 1fr); gap: .6rem; overflow-wrap: anywhere; }
  .deals td:last-child { padding-bottom: .7rem; }
  .deals td::before { content: attr(data-label); color: var(--muted); font-size: .87rem; }
  .deals .moment { white-space: normal; }
  .deals .moment .muted { display: block; margin: 0; }
  .facts > div { grid-template-columns: 8.2rem minmax(0, 1fr); }
  .filters p { flex-basis: 45%; max-width: none; }
  .party { grid-template-columns: 1fr 1fr; }
  .party .email { grid-column: 1 / -1; }
  .deal { display: inline-block; padding: .25rem 0; }
  .actions > *, .actions form button { flex: 1 1 8rem; justify-content: center; }
  .actions form { display: flex; }
  #keys { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  button, .button, .figures a { transition: background-color .12s, border-color .12s; }
}
@media print { .bar, .foot, .actions, .news { display: none; } }
`;
