"""Teaches schemathesis that one JSON object on a line is NDJSON of one line."""

import schemathesis

schemathesis.serializer.alias(["application/x-ndjson"], "application/json")
