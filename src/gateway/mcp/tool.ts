/** The frame of every tool: its arguments are read by its schema, its answer is words and data, and a failure is the problem's own words. */
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { readBody } from '../bodies.js';
import type { Desk } from '../desk.js';
import { problemOf } from '../problem.js';

/** What a tool has to say: `text` for an assistant to repeat, `data` of the tool's output schema. */
export interface Told {
  text: string;
  data: Record<string, unknown>;
}

/** What the tools do with deals; its starts must be always reviewed. */
export type AssistantDesk = Pick<Desk, 'caller' | 'start' | 'list' | 'count' | 'read'>;

/** One call of a tool. */
export interface Occasion {
  desk: AssistantDesk;
  now: () => Date;
  /** Aborted when the client no longer wants the answer. */
  signal: AbortSignal;
  /** Aborted when the process is about to stop: what waits answers with what it knows. */
  stopping: AbortSignal;
  /** Tells a client that asked for it how far the call is. */
  report: (done: number, all: number, message: string) => Promise<void>;
  /** Milliseconds between two looks at a deal that is followed. */
  lookEveryMs: number;
}

export interface Tool<Input extends z.ZodType> {
  name: string;
  title: string;
  description: string;
  input: Input;
  output: z.ZodObject;
  annotations: ToolAnnotations;
  run: (args: z.output<Input>, occasion: Occasion) => Promise<Told>;
}

export interface Standing extends Pick<Occasion, 'desk' | 'now' | 'stopping' | 'lookEveryMs'> {
  /** Hears of failures that nobody foresaw; their words never reach the client. */
  unforeseen: (error: unknown) => void;
}

/** Adds the tool. Its calls never reject: every failure is an answer that says so. */
export function addTool<Input extends z.ZodType>(server: McpServer, tool: Tool<Input>, standing: Standing): void {
  const { name, title, description, input, output, annotations } = tool;
  const config = { title, description, inputSchema: shown(input), outputSchema: output, annotations };
  server.registerTool(name, config, async (given, { signal, _meta, sendNotification }): Promise<CallToolResult> => {
    const progressToken = _meta?.progressToken;
    const report: Occasion['report'] = async (progress, total, message) => {
      if (progressToken === undefined) return;
      const params = { progressToken, progress, total, message };
      await sendNotification({ method: 'notifications/progress', params });
    };
    try {
      const { text, data } = await tool.run(readBody(input, given), { ...standing, signal, report });
      return { content: [{ type: 'text', text }], structuredContent: data };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status === 500) standing.unforeseen(error);
      return { isError: true, content: [{ type: 'text', text: withoutAddresses(problem.message) }] };
    }
  });
}

/** The schema as clients see it. It lets everything pass, so that `readBody` says what is wrong, in words that repeat no value. */
function shown(schema: z.ZodType) {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: 'input' });
  return z.looseObject({}).meta(json);
}

/** Problems name the fields that are wrong, and a field can be named by anything. */
function withoutAddresses(text: string): string {
  return text.replaceAll(/[^\s@<>"']+@[^\s@<>"']+/g, '(an address)');
}
