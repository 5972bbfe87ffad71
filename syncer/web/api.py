"""The API: JSON under `/api/`, with the token as bearer."""

from fastapi import APIRouter

router = APIRouter(prefix="/api")
