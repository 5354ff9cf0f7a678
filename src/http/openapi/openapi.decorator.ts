/** A part of an OpenAPI document. */
type Schema = Record<string, unknown>;

/** What a route is documented with. */
interface Documentation {
  summary: string;
  /**
   * The parameters of the path.
   * @default those of an entity
   */
  path?: string[];
  /** The query parameters, by name. */
  query?: Record<string, { schema: Schema; description?: string; required?: boolean }>;
  /** What it answers. */
  answer: Schema;
}

const badRequest = { description: 'A parameter is unknown or malformed; the field is named' };
const tooLong = { description: 'A read took longer than the timeout of the endpoints' };
const notFound = { description: 'No such entity is audited, or it has no such history' };

/**
 * Documents a route for OpenAPI.
 *
 * It leaves what the decorators of @nestjs/swagger would have left, under the same keys, and imports nothing, because
 * most applications don't have that package and a module of ours can't ask for it both as ESM and as CommonJS.
 */
export function Documented({
  summary,
  path = ['entity', 'id'],
  query = {},
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
    ];
    Reflect.defineMetadata('swagger/apiOperation', { summary }, handler);
    Reflect.defineMetadata('swagger/apiParameters', parameters, handler);
    Reflect.defineMetadata(
      'swagger/apiResponse',
      { 200: { description: summary, schema: answer }, 400: badRequest, 404: notFound, 503: tooLong },
      handler,
    );
  };
}

/** Groups the routes of a controller under one heading, whatever the controller is called. */
export function Tagged(tag: string): ClassDecorator {
  return (controller) => Reflect.defineMetadata('swagger/apiUseTags', [tag], controller);
}
