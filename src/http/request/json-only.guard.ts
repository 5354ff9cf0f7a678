import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UnsupportedMediaTypeException,
} from '@nestjs/common';

/**
 * Lets only JSON pass. A form of another site can send a signed-in user's cookies along, but never JSON.
 */
@Injectable()
export class JsonOnlyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const type = headers['content-type'] ?? '';
    if (/^application\/json\s*(;|$)/i.test(type)) return true;
    throw new UnsupportedMediaTypeException(
      `The body must be application/json, got ${type === '' ? 'no content type' : type}.`,
    );
  }
}
