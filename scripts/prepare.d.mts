export function nodeComplaint(version: string): string | null;
export function isInstalled(root: string): boolean;
export function isBuilt(root: string): boolean;
export function markBuilt(root: string, print: string): void;
export function fingerprint(root: string): string;
export function prepare(root?: string): Promise<void>;
