/**
 * What the console uses of preact, typed anew: preact's own types bring the browser's globals (`window`, `name`, `status`) into every file of
 * this server. The compiler finds this file by `paths` in tsconfig.json; at run time it is preact itself.
 */
export interface VNode {
  type: unknown;
  props: unknown;
}

export type ComponentChild = VNode | string | number | boolean | null | undefined;
export type ComponentChildren = ComponentChild | ComponentChildren[];
