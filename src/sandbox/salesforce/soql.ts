/** A reader of as much SOQL as integrations of deals use: one object, fields and paths, one level of children, simple conditions. */
import { ApiError } from './error.js';

export interface Select {
  /** Paths of names. */
  fields: string[][];
  children: Select[];
  from: string;
  where: Condition | null;
  orderById: boolean;
  limit: number | null;
}

export type Literal = string | number | boolean | null;
export type Condition =
  | { kind: 'and' | 'or'; left: Condition; right: Condition }
  | { kind: 'is'; path: string[]; operator: '=' | '!=' | '<' | '>' | '<=' | '>=' | 'IN'; values: Literal[] };

const TOKEN = /\s*(?:('(?:\\.|[^'\\])*')|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*(?:\.\w+)*)|(<=|>=|!=|[=<>(),]))/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
};

/** 400 `MALFORMED_QUERY` on anything else. */
export function readSoql(text: string): Select {
  const reader = new Reader(tokensOf(text));
  const select = reader.select();
  reader.end();
  return select;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw malformed(text.slice(at, at + 20));
    tokens.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  return tokens;
}

class Reader {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  select(): Select {
    this.need('SELECT');
    const fields: string[][] = [];
    const children: Select[] = [];
    do {
      if (this.take('(')) {
        children.push(this.select());
        this.need(')');
      } else fields.push(this.path());
    } while (this.take(','));
    this.need('FROM');
    const from = this.path().join('.');
    const where = this.take('WHERE') ? this.any() : null;
    let orderById = false;
    if (this.take('ORDER')) {
      this.need('BY');
      if (this.path().join('.') !== 'Id') throw malformed('ORDER BY');
      this.take('ASC');
      orderById = true;
    }
    const limit = this.take('LIMIT') ? Number(this.next()) : null;
    if (limit !== null && !Number.isInteger(limit)) throw malformed('LIMIT');
    return { fields, children, from, where, orderById, limit };
  }

  end(): void {
    if (this.at < this.tokens.length) throw malformed(this.next());
  }

  private any(): Condition {
    let left = this.all();
    while (this.take('OR')) left = { kind: 'or', left, right: this.all() };
    return left;
  }

  private all(): Condition {
    let left = this.one();
    while (this.take('AND')) left = { kind: 'and', left, right: this.one() };
    return left;
  }

  private one(): Condition {
    if (this.take('(')) {
      const inner = this.any();
      this.need(')');
      return inner;
    }
    const path = this.path();
    if (this.take('IN')) {
      this.need('(');
      const values: Literal[] = [];
      do values.push(this.literal());
      while (this.take(','));
      this.need(')');
      return { kind: 'is', path, operator: 'IN', values };
    }
    const operator = this.next();
    if (
      operator !== '=' &&
      operator !== '!=' &&
      operator !== '<' &&
      operator !== '>' &&
      operator !== '<=' &&
      operator !== '>='
    )
      throw malformed(operator);
    return { kind: 'is', path, operator, values: [this.literal()] };
  }

  private literal(): Literal {
    const token = this.next();
    if (token.startsWith("'")) return unescaped(token.slice(1, -1));
    if (/^-?\d/.test(token)) return Number(token);
    const word = token.toLowerCase();
    if (word === 'null') return null;
    if (word === 'true' || word === 'false') return word === 'true';
    throw malformed(token);
  }

  private path(): string[] {
    const token = this.next();
    if (!/^[A-Za-z_]/.test(token) || /^(?:select|from|where|and|or|in)$/i.test(token)) throw malformed(token);
    return token.split('.');
  }

  private take(word: string): boolean {
    if (this.tokens[this.at]?.toUpperCase() !== word) return false;
    this.at += 1;
    return true;
  }

  private need(word: string): void {
    if (!this.take(word)) throw malformed(this.tokens[this.at] ?? '<EOF>');
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined) throw malformed('<EOF>');
    this.at += 1;
    return token;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, letter: string) => {
    const plain = ESCAPES[letter];
    if (plain === undefined) throw malformed(`\\${letter}`);
    return plain;
  });
}

function malformed(near: string): ApiError {
  return new ApiError(400, 'MALFORMED_QUERY', `unexpected token: '${near}'`);
}
