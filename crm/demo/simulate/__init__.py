"""A believable organisation of any size, the same for the same seed, from models whose parameters are known."""

from crm.demo.simulate.blocks import Block, generate
from crm.demo.simulate.load import load
from crm.demo.simulate.parameters import Parameters, with_orders

__all__ = ["Block", "Parameters", "generate", "load", "with_orders"]
