import { type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AppModule } from './app.module.js';

/**
 * Starts the application, with Swagger UI at /docs.
 *
 * @param port 0 for a free one
 */
export async function serve(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'], abortOnError: false });
  app.enableShutdownHooks();
  const document = new DocumentBuilder()
    .setTitle('Reservations')
    .setDescription('Press Authorize and give any name first: it is sent as the header x-user.')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-user' }, 'user')
    .addSecurityRequirements('user');
  SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, document.build()));
  try {
    await app.listen(port);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
