import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type SerializerOptions } from '../../audited/class-transformer.js';

/** The `@SerializeOptions()` of the route or of its controller. */
export const Serialization = createParamDecorator(
  (_: unknown, context: ExecutionContext): SerializerOptions => {
    const optionsOf = (target: object): unknown => Reflect.getMetadata('class_serializer:options', target);
    return optionsOf(context.getHandler()) ?? optionsOf(context.getClass()) ?? {};
  },
);

/**
 * A segment of the request's path, still URL-encoded. In Nest's decoded parameter a comma inside a value would look
 * like a comma between values.
 *
 * @param at position from the end, -1 is the last; the front of the path varies with prefixes and API versions
 */
export const UrlSegment = createParamDecorator((at: number, context: ExecutionContext): string => {
  const request = context.switchToHttp().getRequest<{ url: string; raw?: { url: string } }>();
  return urlSegment((request.raw ?? request).url, at);
});

/**
 * The path of the endpoints in the request, including prefixes.
 *
 * @param length the number of segments in the route's own path
 */
export const EndpointsRoot = createParamDecorator((length: number, context: ExecutionContext): string => {
  const { url, originalUrl = url } = context
    .switchToHttp()
    .getRequest<{ url: string; originalUrl?: string }>();
  const segments = originalUrl.split(/[?#]/, 1)[0].replace(/\/+$/, '').split('/');
  return segments.slice(0, segments.length - length).join('/');
});

/** @example urlSegment('/audit/order_line/a%2Cb,2/versions/1?x=/', -3) // → 'a%2Cb,2' */
export function urlSegment(url: string, at: number): string {
  const [path] = url.split(/[?#]/, 1);
  return path.replace(/\/+$/, '').split('/').at(at) ?? '';
}
