import { z } from 'zod';
import { startBody } from '../bodies.js';
import { titleOf } from './telling.js';
import type { Tool } from './tool.js';

export const START_DEAL: Tool<typeof startBody> = {
  name: 'start_deal',
  title: 'Start a deal',
  description:
    'Starts the contract of a deal. A draft is made at the e-sign provider and waits for the review of a person: nothing is sent before. ' +
    'When the deal is open already, nothing is started and what was given is not looked at. It takes the e-mail addresses of the signers and never shows them again.',
  input: startBody,
  output: z.object({
    workflowId: z.string(),
    started: z.boolean().meta({ description: 'False when the deal was open already' }),
    reviewed: z.boolean().meta({
      description:
        'Whether a person is sure to review the draft before it is sent: not so for what was open or sent already',
    }),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },

  async run(body, { desk }) {
    const { workflowId, started } = await desk.start(body);
    const takesOver = body.envelopeId !== undefined;
    const title = titleOf(body);
    const text = !started
      ? `${title} was open already, so nothing was started and nothing of it was changed. explain_deal says where it stands.`
      : takesOver
        ? `${title} is started and takes the envelope over at the stage it is in; a draft waits for the review of a reviewer or an operator.`
        : `${title} is started. A reviewer or an operator reviews the draft before anything is sent to the signers.`;
    return { text, data: { workflowId, started, reviewed: started && !takesOver } };
  },
};
