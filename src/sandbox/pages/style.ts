/** The one style sheet of all pages, served as a file so that no inline style is needed. */
export const STYLE = `
:root {
  --ink: #101828; --muted: #5d6b82; --line: #e2e6ee; --paper: #fff; --ground: #f4f6fa;
  --accent: #2f4bde; --accent-dark: #2239b8; --good: #067647; --warn: #93590a; --bad: #b42318;
  color-scheme: light;
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); }
a { color: var(--accent); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .35rem; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; letter-spacing: -.005em; }
p { margin: 0 0 .75rem; }
small, .muted { color: var(--muted); font-size: .875rem; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .8125rem; overflow-wrap: anywhere; }

.bar { display: flex; align-items: center; gap: .6rem; padding: 0 1.25rem; height: 56px; background: var(--paper); border-bottom: 1px solid var(--line); }
.brand { display: inline-flex; align-items: center; gap: .45rem; min-height: 44px; font-weight: 700; color: var(--ink); text-decoration: none; letter-spacing: -.01em; }
.brand svg { color: var(--accent); }
.badge { padding: .1rem .5rem; border-radius: 6px; background: #fff4e0; color: var(--warn); font-size: .75rem; font-weight: 600; letter-spacing: .02em; }

main { max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
.head { margin-bottom: 1.25rem; }
.head .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); gap: 1.25rem; align-items: start; }
.narrow { max-width: 720px; margin: 0 auto; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem; margin: 0 0 1.25rem; box-shadow: 0 1px 2px rgb(16 24 40 / .05); }
.notice { max-width: 520px; margin: 10vh auto; text-align: center; padding: 2.5rem 1.5rem; }
.notice p { margin: 0; color: var(--muted); }

.pill { display: inline-block; padding: .15rem .6rem; border-radius: 999px; background: #eef1f6; color: #3c485e; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.pill.ready, .pill.signed, .pill.delivered { background: #e3f7ec; color: var(--good); }
.pill.pending { background: #e8ecff; color: var(--accent-dark); }
.pill.waiting, .pill.draft { background: #eef1f6; color: #3c485e; }
.pill.failed, .pill.declined, .pill.voided, .pill.dropped { background: #fdeceb; color: var(--bad); }
.pill.recovered_empty { background: #fff4e0; color: var(--warn); }

.banner { padding: .8rem 1rem; border-radius: 10px; border: 1px solid; margin: 0 0 1.25rem; overflow-wrap: anywhere; }
.banner.error { background: #fff3f2; border-color: #f5c6c2; color: var(--bad); }
.banner.success { background: #effaf4; border-color: #b5e3c8; color: var(--good); }
.banner.info { background: #eff2ff; border-color: #ccd5fb; color: var(--accent-dark); }

.file { display: flex; align-items: center; gap: .8rem; min-height: 64px; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 10px; text-decoration: none; color: var(--ink); }
.file:hover { border-color: var(--accent); }
.file svg { flex: none; color: var(--accent); }
.file strong, .file small { display: block; overflow-wrap: anywhere; }
.viewer { display: block; width: 100%; height: 62vh; min-height: 420px; margin-top: 1rem; border: 1px solid var(--line); border-radius: 10px; background: #e9ecf2; }

.sheets { display: flex; flex-wrap: wrap; gap: 1rem; }
.sheet { margin: 0; width: 220px; max-width: 100%; }
.sheet svg { display: block; width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
.sheet figcaption { margin-top: .35rem; font-size: .8125rem; color: var(--muted); }
.legend { flex: 1 1 200px; min-width: 0; }
.legend .list { font-size: .9375rem; }
.text-line { fill: #edf0f5; }
.box { stroke-width: 2; fill-opacity: .16; }
.p0 { fill: #2f4bde; stroke: #2f4bde; } .p1 { fill: #0e9384; stroke: #0e9384; } .p2 { fill: #c4570b; stroke: #c4570b; }
.p3 { fill: #9e3fd1; stroke: #9e3fd1; } .p4 { fill: #c11574; stroke: #c11574; } .p5 { fill: #4f5d75; stroke: #4f5d75; }
.dot { display: inline-block; width: 10px; height: 10px; margin-right: .4rem; vertical-align: baseline; }

.list { list-style: none; margin: 0; padding: 0; }
.list > li { padding: .8rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.list > li:first-child { border-top: 0; padding-top: 0; }
.list > li:last-child { padding-bottom: 0; }
.between { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .25rem .75rem; }
.between.title { margin-bottom: .75rem; }
.between.title h2 { margin: 0; }
.between > strong { min-width: 0; overflow-wrap: anywhere; }

label { display: block; font-size: .875rem; font-weight: 600; margin-bottom: .3rem; }
input[type='text'], input[type='email'], textarea { width: 100%; min-height: 46px; padding: .6rem .75rem; font: inherit; color: inherit; background: #fff; border: 1px solid #cbd2de; border-radius: 10px; }
textarea { min-height: 96px; resize: vertical; }
input:focus-visible, textarea:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid #b4c0ff; outline-offset: 1px; border-color: var(--accent); }
.field { margin-bottom: .9rem; }
fieldset { border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1rem .1rem; margin: 0 0 1rem; min-width: 0; }
legend { padding: 0 .4rem; font-weight: 600; font-size: .875rem; }
.signature { font: italic 1.6rem/1.3 'Snell Roundhand', 'Segoe Script', 'Brush Script MT', Georgia, 'Times New Roman', serif; color: #16307e; min-height: 60px; }
input[type='text'].signature { color: #16307e; font: italic 1.6rem/1.3 'Snell Roundhand', 'Segoe Script', 'Brush Script MT', Georgia, 'Times New Roman', serif; }
.check { display: flex; gap: .7rem; align-items: center; min-height: 44px; font-weight: 500; font-size: 1rem; margin: 0 0 .5rem; cursor: pointer; }
.check input { flex: none; width: 22px; height: 22px; accent-color: var(--accent); }

button { width: 100%; min-height: 48px; padding: .6rem 1.25rem; font: inherit; font-weight: 600; border-radius: 10px; border: 1px solid transparent; cursor: pointer; background: var(--accent); color: #fff; }
button:hover { background: var(--accent-dark); }
button:disabled { background: #c4cada; cursor: not-allowed; }
button.quiet { background: #fff; color: var(--ink); border-color: #cbd2de; }
button.quiet:hover { background: #f4f6fa; }
button.danger { background: #fff; color: var(--bad); border-color: #f0b6b1; }
button.danger:hover { background: #fff3f2; }
form > button + p { margin: .75rem 0 0; }
form + form, form + details { margin-top: .75rem; }
details > summary { display: flex; align-items: center; min-height: 44px; cursor: pointer; color: var(--muted); font-weight: 600; font-size: .9375rem; }
summary::-webkit-details-marker { display: none; }
summary::before { content: '+'; width: 1.1em; font-size: 1.15em; }
details[open] > summary::before { content: '−'; }
details[open] > summary { margin-bottom: .5rem; }

.disclosure { max-height: 180px; overflow-y: auto; padding: .9rem 1rem; background: #f8f9fc; border: 1px solid var(--line); border-radius: 10px; font-size: .9375rem; margin-bottom: .5rem; }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: .25rem; }
.links a { display: inline-flex; align-items: center; min-height: 44px; font-weight: 600; text-decoration: none; }
.links a:hover { text-decoration: underline; }

@media (max-width: 760px) {
  main { padding: 1rem .9rem 3rem; }
  .columns { grid-template-columns: minmax(0, 1fr); }
  .viewer { display: none; }
  .card { padding: 1rem; border-radius: 12px; }
  h1 { font-size: 1.3rem; }
}
`;
