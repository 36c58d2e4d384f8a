/** What commands read from a file or the standard input. */
import { readFile } from 'node:fs/promises';
import type { Terminal } from '../terminal.js';
import { jsonFault } from './json-fault.js';

/** A text with the name that messages call it by. */
export interface Input {
  name: string;
  text: string;
}

/** `-` is the standard input. Throws what hinders it, in a line. */
export async function readInput(file: string, terminal: Terminal): Promise<Input> {
  const name = file === '-' ? 'the standard input' : file;
  try {
    const text = file === '-' ? await terminal.input() : await readFile(file, 'utf8');
    return { name, text: text.replace(/^\uFEFF/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Error(`${name} cannot be read (${code})`, { cause: error });
  }
}

/** One JSON value. Throws with line and column of what is none; the text itself is not quoted. */
export function readJson({ name, text }: Input, firstLine = 1): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.trim() === '') throw new Error(`${name} is empty`, { cause: error });
    const fault = jsonFault(text);
    const where = fault ? `line ${fault.line + firstLine - 1}, column ${fault.column}: ${fault.what}` : 'somewhere';
    throw new Error(`${name} is no JSON: ${where}`, { cause: error });
  }
}

/** One value, all of a list, or one value a line. */
export function readJsonValues(input: Input): unknown[] {
  const lines = input.text.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  const severalLines = lines.slice(first + 1).some((line) => line.trim() !== '');
  if (severalLines && isObject(lines[first] ?? '')) {
    return lines.flatMap((text, index) =>
      text.trim() === '' ? [] : [readJson({ name: input.name, text }, index + 1)],
    );
  }
  const value = readJson(input);
  return Array.isArray(value) ? value : [value];
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
