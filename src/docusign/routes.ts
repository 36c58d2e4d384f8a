/** Addresses below the APIs' roots as they may be logged: with their fixed words, and a placeholder for everything else. */

const WORDS = new Set(
  [
    'accounts api audit_events archive certificate combined connect custom_fields datasets documents dsprofile edit email_settings envelopes',
    'failures folders groups lock logs management monitor notification oauth organizations portfolio profile recipient recipients recyclebin',
    'restapi retry_queue secret sender shared status stream tabs templates token userinfo users v1 v2 v2.0 v2.1 views workflow',
  ]
    .join(' ')
    .split(' '),
);

/** `/envelopes/5f5f…/documents/combined?certificate=true` becomes `/envelopes/{id}/documents/combined`. */
export function routeOf(path: string): string {
  return segmentsOf(path)
    .map((segment) => (segment === '' || WORDS.has(segment.toLowerCase()) ? segment : '{id}'))
    .join('/');
}

/** The envelope whose own resource a path of the eSignature API is, in lower case; null for lists and everything else. */
export function envelopeOf(path: string): string | null {
  const segments = segmentsOf(path);
  const list = segments.findIndex((segment) => segment.toLowerCase() === 'envelopes');
  const id = list < 0 ? '' : (segments[list + 1] ?? '').toLowerCase();
  return id === '' || WORDS.has(id) ? null : id;
}

function segmentsOf(path: string): string[] {
  const plain = URL.canParse(path) ? new URL(path).pathname : (path.split(/[?#]/)[0] ?? '');
  return plain.split('/');
}
