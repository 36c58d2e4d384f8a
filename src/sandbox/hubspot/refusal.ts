import { randomUUID } from 'node:crypto';

export interface PropertyFault {
  name: string;
  code: string;
  message: string;
}

/** An answer of 400 or more, in the shape of HubSpot's docs, Error handling. Messages quote values, as HubSpot's do. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    readonly category: string,
    message: string,
    readonly more: Record<string, unknown> = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  body(): Record<string, unknown> {
    return {
      status: 'error',
      message: this.message,
      correlationId: randomUUID(),
      category: this.category,
      ...this.more,
    };
  }
}

export function invalid(message: string): Refusal {
  return new Refusal(400, 'VALIDATION_ERROR', message);
}

export function notFound(id: string): Refusal {
  return new Refusal(404, 'OBJECT_NOT_FOUND', 'Object not found.  objectId are usually numeric.', {
    context: { id: [id] },
  });
}

export function badProperties(faults: readonly PropertyFault[]): Refusal {
  const told = faults.map(({ name, code, message }) => ({ isValid: false, message, error: code, name }));
  return new Refusal(400, 'VALIDATION_ERROR', `Property values were not valid: ${JSON.stringify(told)}`, {
    errors: faults.map(({ name, code, message }) => ({ message, code, context: { propertyName: [name] } })),
  });
}

export function missingScope(scope: string): Refusal {
  return new Refusal(
    403,
    'MISSING_SCOPES',
    "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
    {
      errors: [
        { message: 'One or more of the following scopes are required.', context: { requiredGranularScopes: [scope] } },
      ],
    },
  );
}
