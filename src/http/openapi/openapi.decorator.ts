import { CONFLICT } from './openapi.schemas.js';

/** A part of an OpenAPI document. */
type Schema = Record<string, unknown>;

/** The documentation of a route. */
interface Documentation {
  summary: string;
  /**
   * The parameters of the path.
   * @default the parameters of an entity
   */
  path?: string[];
  /** The query parameters, by name. */
  query?: Record<string, { schema: Schema; description?: string; required?: boolean }>;
  /** The schema of the JSON body, for a route that writes. */
  body?: Schema;
  /** The schema of the answer. */
  answer: Schema;
}

const badRequest = { description: 'A parameter or field is unknown, malformed or missing; `field` names it' };
const forbidden = {
  description: 'endpoints.canWrite refuses the write, or it lacks the actor that requireActor asks for',
};
const conflict = { description: 'Rows have changed since, or no longer take the values', schema: CONFLICT };
const notJson = { description: 'The body is not JSON' };
const tooLong = { description: 'A read took longer than the timeout of the endpoints' };
const notFound = { description: 'No such entity is audited, or it has no such history' };

/**
 * Documents a route for OpenAPI.
 *
 * It sets the same metadata, under the same keys, as the decorators of @nestjs/swagger. It doesn't import that package,
 * because most applications don't have it, and a module can't import it optionally as both ESM and CommonJS.
 */
export function Documented({
  summary,
  path = ['entity', 'id'],
  query = {},
  body,
  answer,
}: Documentation): MethodDecorator {
  return (_prototype, _name, descriptor) => {
    const handler = descriptor.value as object;
    const parameters = [
      ...path.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(query).map(([name, parameter]) => ({
        name,
        in: 'query',
        required: false,
        ...parameter,
      })),
      ...(body ? [{ in: 'body', type: String, required: true, schema: body }] : []),
    ];
    Reflect.defineMetadata('swagger/apiOperation', { summary }, handler);
    Reflect.defineMetadata('swagger/apiParameters', parameters, handler);
    Reflect.defineMetadata(
      'swagger/apiResponse',
      {
        200: { description: summary, schema: answer },
        400: badRequest,
        404: notFound,
        ...(body ? { 403: forbidden, 409: conflict, 415: notJson } : {}),
        503: tooLong,
      },
      handler,
    );
  };
}

/** Groups the routes of a controller under one heading, whatever the controller is called. */
export function Tagged(tag: string): ClassDecorator {
  return (controller) => Reflect.defineMetadata('swagger/apiUseTags', [tag], controller);
}
