/** What stands for a secret or an address in a text that goes on to logs and timelines. */
const HIDDEN = '[hidden]';

/** An address, also with its `@` percent-encoded, as in a query string. */
const EMAIL = /[^\s@<>"'(),;:=/?&]+(?:@|%40)[^\s@<>"'(),;:=/?&]+/gi;
const BEARER = /\bbearer\s+[^\s"',;<>]+/gi;
/** Queries of links carry capabilities: `?t=` signs, `?rt=` reviews and sends, storage links hold their signature there. */
const LINK_QUERY = /(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*/gi;
const TOKEN = /([?&;](?:t|rt|token|access_token)=)[^\s&#"'<>]+/gi;

/** Longer texts are cut before they are searched, so that a hostile answer cannot cost time. */
const MAX_SEARCHED = 2_000;
const MAX_SHOWN = 200;

export type Mask = (text: string) => string;

/**
 * Makes the function that prepares the vendor's words for an error message: addresses, tokens and the API key hidden,
 * white space folded, at most 200 characters.
 */
export function maskFor(apiKey: string): Mask {
  return (text) => {
    // A cut could leave half an address behind, which no pattern finds: the last, cut word goes too.
    const searched = text.length > MAX_SEARCHED ? text.slice(0, MAX_SEARCHED).replace(/\S*$/, '') : text;
    const masked = searched
      .replaceAll(apiKey, HIDDEN)
      .replace(LINK_QUERY, `$1?${HIDDEN}`)
      .replace(TOKEN, `$1${HIDDEN}`)
      .replace(BEARER, `Bearer ${HIDDEN}`)
      .replace(EMAIL, HIDDEN)
      .replace(/\s+/g, ' ')
      .trim();
    return masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN - 1)}…` : masked;
  };
}
