"""Coding clients started for one process with another provider's model, without touching the user's files."""

from casecraft.gateway.launch.choice import CLIENTS, choose_client, find_program
from casecraft.gateway.launch.client import Client, Preparation, Target
from casecraft.gateway.launch.plan import LaunchPlan, Way, plan_launch
from casecraft.gateway.launch.process import run_client
from casecraft.gateway.launch.session import configured_gateway, run
from casecraft.gateway.launch.shells import SHELLS, lines

__all__ = [
    "CLIENTS",
    "SHELLS",
    "Client",
    "LaunchPlan",
    "Preparation",
    "Target",
    "Way",
    "choose_client",
    "configured_gateway",
    "find_program",
    "lines",
    "plan_launch",
    "run",
    "run_client",
]
