import type { PDFFont } from '@cantoo/pdf-lib';

const STAND_INS: Record<string, string> = { Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', '→': '->', '\u00a0': ' ', '\t': ' ' };

/**
 * Text that a standard PDF font can draw. The fourteen standard fonts know Western European letters only: others lose their accents (Ž to Z), and what
 * is left becomes a question mark. It is for the eye; the record keeps the name as it was typed.
 */
export function printable(text: string, font: PDFFont): string {
  const known = new Set(font.getCharacterSet());
  const draws = (letter: string): boolean => known.has(letter.codePointAt(0) ?? -1);
  return [...text.normalize('NFC')]
    .map((letter) => {
      if (draws(letter)) return letter;
      if (/[\r\n]/.test(letter)) return ' ';
      const standIn = STAND_INS[letter] ?? letter.normalize('NFKD').replace(/\p{M}/gu, '');
      return standIn !== '' && [...standIn].every(draws) ? standIn : '?';
    })
    .join('');
}

/** Breaks at spaces, and inside a word only when it is wider than the line. */
export function wrap(text: string, font: PDFFont, size: number, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  const fits = (candidate: string): boolean => font.widthOfTextAtSize(candidate, size) <= width;
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const letter of word) {
      if (!fits(line + letter)) {
        lines.push(line);
        line = '';
      }
      line += letter;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** The largest size up to `size` at which the text is no wider than `width`. */
export function fittingSize(text: string, font: PDFFont, size: number, width: number): number {
  const natural = font.widthOfTextAtSize(text, size);
  return natural <= width ? size : (size * width) / natural;
}
