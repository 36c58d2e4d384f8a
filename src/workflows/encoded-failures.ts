import { DefaultFailureConverter } from '@temporalio/common';

/** Makes payloads of the messages and stack traces of failures, so that they are encrypted like all others. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
