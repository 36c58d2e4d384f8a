import { z } from 'zod';

/** What an error answer says, whatever its shape; unmasked. */
export interface Refusal {
  code: string | undefined;
  text: string;
}

const word = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const said = z.looseObject({ code: word, error_code: word, message: word, detail: word, reason: word });
const refusalSchema = z.looseObject({
  ...said.shape,
  error: z.union([z.string(), said]).optional().catch(undefined),
});

/** A code is a short word; anything longer is prose and may name people. */
const CODE = /^[\w.:-]{1,64}$/;

/**
 * Reads the body of a refusal: `{code, message}`, `{error: string | object}`, `{success: false, ...}`, HTML or nothing,
 * because Atlas does not document its own (Atlas notes 24, item 3).
 */
export function readRefusal(body: string): Refusal {
  const json = refusalSchema.safeParse(parseJson(body));
  if (!json.success) return { code: undefined, text: plainText(body) };
  const { data } = json;
  const inner = typeof data.error === 'object' ? data.error : undefined;
  const short = typeof data.error === 'string' ? data.error : undefined;
  const text = inner?.message ?? data.message ?? inner?.detail ?? data.detail ?? inner?.reason ?? data.reason ?? short;
  // `{error: "not_found", message: "..."}`: with a message beside it, the string is the code.
  const code = data.code ?? inner?.code ?? data.error_code ?? inner?.error_code ?? (text === short ? undefined : short);
  return { code: code !== undefined && CODE.test(code) ? code : undefined, text: text ?? '' };
}

/** The parsed JSON, or undefined: V8's own message quotes the text, so it never goes further. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_PAGE = 8_000;

function plainText(body: string): string {
  return body
    .slice(0, MAX_PAGE)
    .replace(/<(script|style)\b[^<]*<\/\1>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .trim();
}
