# gunicorn reads this file by default. tests/test_agreement.py compares the numbers with those of
# the Dockerfile and docker-compose.yml.
import atexit
import os
import shutil
import signal
import socket
import sys
import tempfile

wsgi_app = "service.asgi:application()"
bind = ["0.0.0.0:8080", "0.0.0.0:9464"]  # the second for /metrics only: SERVICE_METRICS_PORT
worker_class = "service.server.gunicorn.worker.Worker"  # a subclass of gunicorn's ASGI worker
asgi_lifespan = "on"  # if a worker cannot warm up, the service stops; it would restart for ever
asgi_loop = "asyncio"  # with uvloop new connections wait: docs/decisions/0001-event-loop-worker.md
backlog = 2048  # new connections that may wait to be accepted

# The number of workers is WEB_CONCURRENCY (default 1): one per vCPU of the task. os.cpu_count()
# would count the cores of the host.

preload_app = True  # the model is verified and loaded once, then shared with the workers
# In memory if possible: the root file system may be read-only.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
if MEMORY:
    worker_tmp_dir = MEMORY

# The folder for the metrics of all workers. SIGHUP runs this file again, with the same folder.
METRICS = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if METRICS is None:
    METRICS = tempfile.mkdtemp(prefix="slipway-", dir=MEMORY)
    OWNER = os.getpid()

    @atexit.register
    def delete_metrics():
        """Delete the folder at the end of the first process, not at the end of a worker."""
        if os.getpid() == OWNER:
            shutil.rmtree(METRICS, ignore_errors=True)


raw_env = [
    *("OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1"),  # one core per worker
    "JE_ARROW_MALLOC_CONF=background_thread:false",  # of pyarrow, which pandas imports if it can
    f"PROMETHEUS_MULTIPROC_DIR={METRICS}",
]

keepalive = 75  # seconds; the load balancer's is 60: if it were longer, clients would get 502
timeout = 30  # seconds without a heartbeat of a worker, or without data of a client within a body
graceful_timeout = 10  # seconds for requests in flight

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 4300  # bytes; Python's int() raises for a Content-Length of more digits
http_parser = "python"  # "auto" would use another parser once one in C is installed

control_socket_disable = True  # it would write to the home directory

accesslog = None  # the app logs requests
logger_class = "service.server.gunicorn.logger.GunicornLogger"

# Process 1 of a container has no default action for a signal. Until gunicorn sets its own handler,
# SIGTERM would be ignored, and a starting container would stop only after its grace period.
if os.getpid() == 1 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(os.EX_OK))

# Without this, Ctrl-C while the model is loading would print a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: (shutil.rmtree(METRICS, True), os._exit(130)))


def when_ready(server):
    """Continue to serve for a while after SIGTERM, until the load balancer has noticed it."""
    drain = getattr(server.app.wsgi(), "drain", None)
    if drain is not None:  # None for the Flask app alone, under another worker
        drain.arm()


def on_starting(server):
    """Report in one line that an address is in use; gunicorn would retry five times first."""
    for address in server.cfg.address:
        if not isinstance(address, tuple):
            continue
        with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except (OSError, OverflowError) as error:
                host, port = address
                print(
                    f"slipway: cannot listen on {host}:{port} ({error}); "
                    "choose another: slipway serve --port, or in a checkout make serve PORT=8081",
                    file=sys.stderr,
                )
                sys.exit(os.EX_UNAVAILABLE)


def post_fork(server, worker):
    """If memory runs out, let the kernel kill a worker, not the first process and so the task."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:  # not Linux, or its limit is higher already
        pass


def post_worker_init(worker):
    """Let other workers of gunicorn find the address of a client behind a proxy, too."""
    if getattr(worker, "wsgi", None) is not None:
        from service.api.forwarded import Proxies, behind

        worker.wsgi = behind(Proxies(worker.cfg.forwarded_allow_ips), worker.wsgi)


def child_exit(server, worker):
    """Remove the requests in flight of a worker that has ended from the metrics."""
    from prometheus_client.multiprocess import mark_process_dead  # its folder must be set before

    mark_process_dead(worker.pid)
