"""The web application: routes, errors in one shape, the page's own files; all behind the gate."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.types import ASGIApp

import labctl
from labctl.clock import NS, real_ns
from labctl.errors import InputError, LabctlError, RecordError, RefusedError
from labctl.log import logger
from labctl.service import _records, _routes, _streams
from labctl.service._access import Scope
from labctl.service._checked import problem_told
from labctl.service._gate import API, Gate, error_body
from labctl.service._metrics import metrics_text
from labctl.service._routes import Kept, Told
from labctl.service._scoped import Json, ScopedRouter, check_routes, scoped
from labctl.service._service import STUCK_S, Service

PAGE = Path(__file__).parent / "page"
_FILE = re.compile(r"(?:[A-Za-z0-9_-]+/){0,2}[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_LONGEST_NAME = 100
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
    ".json": "application/json", ".webmanifest": "application/manifest+json",
    ".ico": "image/x-icon", ".woff2": "font/woff2",
}  # fmt: skip

_own = ScopedRouter()


@_own.get(f"{API}/health", tags=["service"])
@scoped(Scope.PUBLIC)
async def health(service: Kept, response: Response) -> Told:
    """Whether the service and its bench's thread turn."""
    ok = service.control.probe() < STUCK_S
    if not ok:
        response.status_code = 503
    return {"ok": ok}


@_own.get(f"{API}/metrics", response_class=Response, tags=["service"])
@scoped(Scope.VIEWER)
async def metrics(service: Kept) -> Response:
    """For Prometheus."""
    return Response(metrics_text(service), media_type="text/plain; version=0.0.4; charset=utf-8")


@_own.get(f"{API}/openapi.json", include_in_schema=False)
@scoped(Scope.VIEWER)
async def openapi(request: Request) -> Told:
    """This API, for machines."""
    told: Told = request.app.openapi()
    return told


@_own.get("/", include_in_schema=False)
@scoped(Scope.PUBLIC)
async def page() -> Response:
    """The page."""
    return _page_file("index.html")


@_own.get("/page/{file:path}", include_in_schema=False)
@scoped(Scope.PUBLIC)
async def page_file(file: str) -> Response:
    """A file of the page's own."""
    return _page_file(file)


def _page_file(name: str) -> Response:
    if len(name) > _LONGEST_NAME or not _FILE.fullmatch(name):
        raise HTTPException(404, "there is no such file")
    path = PAGE / name
    if not path.resolve().is_relative_to(PAGE) or not path.is_file():
        raise HTTPException(404, "there is no such file")
    kind = _TYPES.get(path.suffix)
    if kind is None:
        raise HTTPException(404, "there is no such file")
    return FileResponse(path, media_type=kind)


def build_app(service: Service | None) -> FastAPI:
    """The application without its gate. Without a service only its document can be asked for."""
    app = FastAPI(
        title="labctl",
        version=labctl.__version__,
        summary="One photothermal bench as a service. Not a safety device.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_name_of,
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=None,
    )
    for router in (_own, _routes.router, _records.router, _streams.router):
        app.router.routes.extend(router.routes)
    check_routes(app)
    app.state.service = service
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _shape_error)
    app.add_exception_handler(LookupError, _not_found)
    app.add_exception_handler(LabctlError, _labctl_error)
    app.add_exception_handler(Exception, _fault)
    return app


def gated(service: Service, hosts: Iterable[str], origins: Iterable[str]) -> ASGIApp:
    """What the server serves."""
    return Gate(build_app(service), service.access, hosts, origins, page="/page/")


def document() -> dict[str, Any]:
    """The OpenAPI document, with who may use what."""
    told = build_app(None).openapi()
    told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    told["security"] = [{"token": []}]
    return told


def _name_of(route: APIRoute) -> str:
    return route.name


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(getattr(error, "detail", ""))
    return Json(error_body(request.app.state.service.names(detail)), status)


def _shape_error(request: Request, error: Exception) -> Response:
    told = error.errors() if isinstance(error, RequestValidationError) else ()
    problems = [
        {"code": "shape", "message": one["msg"], "line": 0, "column": 0,
         "source": ".".join(str(part) for part in one["loc"]), "fix": ""}
        for one in told
    ]  # fmt: skip
    return Json(error_body("the request has another shape", problems=problems), 422)


def _not_found(request: Request, error: Exception) -> Response:
    return Json(error_body("there is none of that name"), 404)


def _labctl_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, LabctlError):
        return _fault(request, error)
    status = 409 if isinstance(error, RefusedError) else 400
    if isinstance(error, RecordError):
        status = 503 if request.method != "GET" else 409
    found = error.problems if isinstance(error, InputError) else ()
    problems, what = [problem_told(problem) for problem in found], error.what
    for problem in found:
        # Where it lies on this machine is nobody's business.
        what = what.replace(problem.file, Path(problem.file).name) if problem.file else what
    names = request.app.state.service.names
    body = error_body(names(what), seen=names(error.seen), fix=names(error.fix), problems=problems)
    return Json(body, status)


def _fault(request: Request, error: Exception) -> Response:
    # Said in the service's own log; the one who asked is told nothing of the inside.
    logger().warning("fault in a route", path=request.url.path[:200], error=repr(error))
    return Json(error_body("a fault in labctl; its log has more"), 500)


def up_s(service: Service) -> float:
    """How long it has been up, real seconds."""
    return (real_ns() - service.began_ns) / NS
