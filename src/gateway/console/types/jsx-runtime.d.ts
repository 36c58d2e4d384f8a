/**
 * The elements and attributes that pages may have. Left out on purpose: inline styles, inline script and markup that is not escaped, so that
 * no page can break the console's own policy.
 */
import type { ComponentChildren, VNode } from './preact.js';

interface Common {
  children?: ComponentChildren;
  class?: string | undefined;
  id?: string;
  role?: string;
  title?: string;
  hidden?: boolean;
  tabIndex?: number;
  [data: `data-${string}`]: string | number | undefined;
  [aria: `aria-${string}`]: string | boolean | undefined;
}

interface Anchor extends Common {
  href: string;
  target?: '_blank';
  rel?: string;
}

interface Field extends Common {
  name?: string;
  required?: boolean;
  readOnly?: boolean;
  maxLength?: number;
  autocomplete?: string;
  autocapitalize?: string;
  spellcheck?: boolean;
}

export namespace JSX {
  type Element = VNode;
  type ElementType = keyof IntrinsicElements | ((props: never) => VNode | null);
  interface ElementChildrenAttribute {
    children: unknown;
  }
  interface IntrinsicElements {
    html: Common & { lang: string };
    head: Common;
    meta: Common & { charset?: string; name?: string; content?: string; 'http-equiv'?: string };
    title: Common;
    link: Common & { rel: string; href: string };
    script: { src: string; defer: boolean };
    noscript: Common;
    body: Common;
    header: Common;
    nav: Common;
    main: Common;
    footer: Common;
    section: Common;
    div: Common;
    span: Common;
    h1: Common;
    h2: Common;
    h3: Common;
    p: Common;
    br: Common;
    strong: Common;
    code: Common;
    kbd: Common;
    time: Common & { datetime: string };
    a: Anchor;
    ul: Common;
    ol: Common & { reversed?: boolean };
    li: Common;
    dl: Common;
    dt: Common;
    dd: Common;
    table: Common;
    caption: Common;
    thead: Common;
    tbody: Common;
    tr: Common;
    th: Common & { scope: 'col' | 'row' };
    td: Common;
    form: Common & { method: 'get' | 'post'; action: string };
    fieldset: Common;
    legend: Common;
    label: Common & { for: string };
    input: Field & { type: string; value?: string; placeholder?: string; inputMode?: string };
    textarea: Field & { rows: number };
    select: Field;
    option: Common & { value: string; selected: boolean };
    button: Common & { type: 'button' | 'submit'; name?: string; value?: string; formnovalidate?: boolean };
  }
}

export const Fragment: (props: { children?: ComponentChildren }) => VNode;
export function jsx(type: unknown, props: unknown): VNode;
export { jsx as jsxs };
