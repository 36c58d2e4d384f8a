import type { Field, Party } from '../model.js';
import { html, type Html } from './html.js';

const WIDTH = 306;
const HEIGHT = 396;
const COLOURS = 6;

/** A small drawing of each page that has fields, with a box where each is in its party's colour, and who fills what beside it. */
export function fieldMap(fields: Field[], parties: Party[]): Html {
  const pages = [...new Set(fields.map((field) => field.page))].sort((a, b) => a - b);
  if (pages.length === 0) return html`<p class="muted">No fields are placed.</p>`;
  const indexes = [...new Set(fields.map((field) => field.partyIndex))];
  return html`<div class="sheets">
    ${pages.map((page) =>
      sheet(
        page,
        fields.filter((field) => field.page === page),
      ),
    )}
    <div class="legend">
      <ul class="list">
        ${indexes.map((index) =>
          legend(
            index,
            parties,
            fields.filter((field) => field.partyIndex === index),
          ),
        )}
      </ul>
    </div>
  </div>`;
}

function legend(index: number | null, parties: Party[], fields: Field[]): Html {
  const party = index === null ? undefined : parties[index];
  const who = index === null ? 'Sender' : (party?.name ?? party?.email ?? `Signer ${index + 1}`);
  const what = fields.map((field) => field.label ?? field.type).join(', ');
  return html`<li>
    <strong>${partyDot(index)}${who}</strong><br />
    <small>${what}</small>
  </li>`;
}

function sheet(page: number, fields: Field[]): Html {
  const lines = Array.from({ length: 20 }, (_, index) => {
    const width = index % 5 === 4 ? 0.45 : 0.8;
    return html`<rect
      class="text-line"
      x="${0.1 * WIDTH}"
      y="${(0.08 + index * 0.034) * HEIGHT}"
      width="${width * WIDTH}"
      height="4"
    />`;
  });
  const boxes = fields.map(
    (field) =>
      html`<rect
        class="box ${partyClass(field.partyIndex)}"
        x="${field.xPct * WIDTH}"
        y="${field.yPct * HEIGHT}"
        width="${field.wPct * WIDTH}"
        height="${field.hPct * HEIGHT}"
        rx="2"
        ><title>${field.label ?? field.type}</title></rect
      >`,
  );
  return html`<figure class="sheet">
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Fields on page ${page}">${lines}${boxes}</svg>
    <figcaption>Page ${page}: ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}</figcaption>
  </figure>`;
}

/** The colour dot of a party, to read the map by. */
export function partyDot(index: number | null): Html {
  return html`<svg class="dot" viewBox="0 0 10 10" aria-hidden="true">
    <circle class="${partyClass(index)}" cx="5" cy="5" r="5" />
  </svg>`;
}

function partyClass(index: number | null): string {
  return index === null ? 'p5' : `p${index % COLOURS}`;
}
