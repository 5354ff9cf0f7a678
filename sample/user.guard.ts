import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';

/**
 * Takes the user from the header `x-user`, and refuses a request without one.
 *
 * It stands for your authentication: anybody can send a header. The audit needs no more of it than what passport
 * and others do too, a `request.user` with an `id` or a `sub`.
 */
@Injectable()
export class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: Record<string, string | undefined>; user?: { id: string } }>();
    const id = request.headers['x-user'];
    if (!id) throw new UnauthorizedException('Say who you are in the header x-user.');
    request.user = { id };
    return true;
  }
}
