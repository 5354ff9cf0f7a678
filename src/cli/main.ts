#!/usr/bin/env node
import 'reflect-metadata';
import { runCommand } from './run-command.js';

// Sets exitCode instead of calling exit(), so that Node first writes all output.
void runCommand(process.argv.slice(2)).then((code) => (process.exitCode = code));
